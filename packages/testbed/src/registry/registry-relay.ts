import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { onTestFinished } from "vitest";

/** What happens to each request on its way. */
export interface RelayFaults {
  /** Answers so instead of the registry. */
  status: number | null;
  /** Flips a byte of every blob that is read. */
  corrupts: boolean;
}

export interface RegistryRelay {
  /** `HOST:PORT`, on the registry's host. */
  address: string;
  faults: RelayFaults;
  /** Of requests that came, `GET /v2/…`. */
  readonly requests: string[];
}

/** A way to a registry that can be disturbed. It goes when the test has ended. */
export async function relayRegistry(registry: string): Promise<RegistryRelay> {
  const [host = "", port = ""] = registry.split(":");
  const faults: RelayFaults = { status: null, corrupts: false };
  const requests: string[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    if (faults.status === null) pass(incoming, outgoing, { host, port: Number(port) }, faults);
    else outgoing.writeHead(faults.status, { "content-type": "application/json" }).end(REFUSAL);
  });
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { address: `${host}:${(server.address() as AddressInfo).port}`, faults, requests };
}

const REFUSAL = JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] });

function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  to: { host: string; port: number },
  faults: RelayFaults,
): void {
  const { method, url, headers } = incoming;
  const onward = request({ ...to, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    const isBlob = method === "GET" && /\/blobs\/sha256:/.test(url ?? "");
    if (faults.corrupts && isBlob) answer.pipe(flipByte()).pipe(outgoing);
    else answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}

/** Past the head of whatever it is, so that only its digest tells. */
function flipByte(): Transform {
  let isFlipped = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isFlipped && chunk.length > 20) {
        chunk[20] = (chunk[20] ?? 0) ^ 0xff;
        isFlipped = true;
      }
      done(null, chunk);
    },
  });
}
