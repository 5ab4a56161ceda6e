import { Agent, request as httpRequest } from "node:http";
import type { Answer } from "./check-answer.ts";
import type { MadeRequest } from "./make-request.ts";

/** Above a server's own limit a body may be refused before it was read, which cuts the connection. */
const CUTTABLE_BYTES = 1_000_000;

export interface Sender {
  /** Null where the server ended the connection over a body that is too large. */
  send(request: MadeRequest): Promise<Answer | null>;
  close(): void;
}

/** Sends from several loopback addresses in turn, as many clients would, so that the limits of one are not all one sees. */
export function createSender(serverUrl: string, addresses: number): Sender {
  const { hostname, port } = new URL(serverUrl);
  const agents = Array.from({ length: addresses }, (_, index) => ({
    agent: new Agent({ keepAlive: true, maxSockets: 8 }),
    localAddress: `127.0.0.${index + 2}`,
  }));
  let turn = 0;

  const exchange = ({ method, path, headers, body }: MadeRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      turn = (turn + 1) % agents.length;
      const length = body === null ? {} : { "content-length": String(body.length) };
      const request = httpRequest(
        { hostname, port, method, path: path || "/", headers: { ...latin1Only(headers), ...length }, ...agents[turn] },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              contentType: response.headers["content-type"] ?? "",
              body: Buffer.concat(chunks).toString("utf8"),
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(body ?? undefined);
    });

  return {
    async send(request) {
      try {
        return await exchange(request);
      } catch (error) {
        const { code = "" } = error as NodeJS.ErrnoException;
        const isCut = ["ECONNRESET", "EPIPE"].includes(code);
        if (isCut && (request.body?.length ?? 0) > CUTTABLE_BYTES) return null;
        throw error;
      }
    },
    close() {
      for (const { agent } of agents) agent.destroy();
    },
  };
}

/** Node sends no header that HTTP can't carry. */
const latin1Only = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?")]),
  );
