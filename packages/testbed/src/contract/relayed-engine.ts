import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine } from "@berth/docker/engine.ts";

/** A connection to an engine by way of a relay, which can be cut. All of it is taken away when the test has ended. */
export async function relayEngine(wire: NetConnectOpts): Promise<{ engine: Engine; cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(wire);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("error", () => socket.destroy());
      socket.pipe(other);
    }
  });
  const folder = await mkdtemp(join(tmpdir(), "berth-relay-"));
  const path = join(folder, "engine.sock");
  server.listen(path);
  await once(server, "listening");
  const engine = connectEngine({ kind: "unix", path });
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  onTestFinished(async () => {
    engine.close();
    cut();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { engine, cut };
}
