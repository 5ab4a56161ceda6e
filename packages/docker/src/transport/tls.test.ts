import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createAuthority,
  issueClientCertificate,
  issueServerCertificate,
  type TlsClient,
} from "@berth/testbed/fleet/certificates.ts";
import { connectEngine } from "../connect-engine.ts";
import type { Engine } from "../engine.ts";
import { sharedSecureContext } from "./secure-contexts.ts";

const ID = "0123456789ab";

describe("mutual TLS", () => {
  let folder: string;
  let port: number;
  let plainPort: number;
  let ours: TlsClient;
  let strangers: TlsClient;
  let requests = 0;
  const plainServer = createPlainServer((_, response) => response.end());
  let server: ReturnType<typeof createServer>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-tls-"));
    const [authority, stranger] = [join(folder, "ours"), join(folder, "strangers")];
    await Promise.all([createAuthority(authority), createAuthority(stranger)]);
    const files = await issueServerCertificate(authority, authority, "engine", "127.0.0.1");
    [ours, strangers] = await Promise.all([issueClientCertificate(authority), issueClientCertificate(stranger)]);
    const [ca, cert, key] = await Promise.all([readFile(files.ca), readFile(files.cert), readFile(files.key)]);
    server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (_, response) => {
      requests += 1;
      response.setHeader("Api-Version", "1.41");
      response.end("[]");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await new Promise<void>((resolve) => plainServer.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
    plainPort = (plainServer.address() as AddressInfo).port;
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    plainServer.close();
    await rm(folder, { recursive: true });
  });

  async function withEngine(tls: TlsClient, use: (engine: Engine) => Promise<void>, at = port): Promise<void> {
    const engine = connectEngine({ kind: "tls", host: "127.0.0.1", port: at, tls });
    await use(engine).finally(() => engine.close());
  }

  const refused = { kind: "rejected", sent: false, timedOut: false };

  test("reads the same certificates once, and others for themselves", () => {
    expect(sharedSecureContext({ ...ours })).toBe(sharedSecureContext({ ...ours }));
    expect(sharedSecureContext(strangers)).not.toBe(sharedSecureContext(ours));
  });

  test("reaches an engine whose authority and certificate fit", async () => {
    await withEngine(ours, async (engine) => {
      expect(await engine.listContainers({ labels: {} })).toEqual([]);
    });
  });

  test("proves who it is once: a second connection goes on with what the first one agreed on", async () => {
    const resumed: boolean[] = [];
    const note = (socket: TLSSocket): void => void resumed.push(socket.isSessionReused());
    server.on("secureConnection", note);
    await withEngine(ours, async (engine) => {
      await engine.ping();
      const stream = engine.events({ labels: {}, signal: AbortSignal.timeout(60_000) });
      await expect(stream[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(Error);
    });
    server.off("secureConnection", note);
    expect(resumed).toEqual([false, true]);
  });

  test("refuses an engine that another authority vouches for", async () => {
    const before = requests;
    await withEngine({ ...ours, ca: strangers.ca }, async (engine) => {
      await expect(engine.startContainer(ID)).rejects.toMatchObject(refused);
    });
    expect(requests).toBe(before);
  });

  test("refuses a certificate of another host", async () => {
    const engine = connectEngine({ kind: "tls", host: "localhost", port, tls: ours });
    await expect(engine.ping()).rejects.toMatchObject(refused);
    engine.close();
  });

  test("refuses files that hold no certificates", async () => {
    await withEngine({ ca: "nothing", cert: "nothing", key: "nothing" }, async (engine) => {
      await expect(engine.ping()).rejects.toMatchObject(refused);
    });
  });

  test("says that a server speaks no TLS", async () => {
    await withEngine(ours, async (engine) => expect(engine.ping()).rejects.toMatchObject(refused), plainPort);
  });

  test("says that a server wants TLS", async () => {
    const engine = connectEngine({ kind: "plain", host: "127.0.0.1", port });
    await expect(engine.ping()).rejects.toMatchObject({ name: "EngineError" });
    engine.close();
  });
});
