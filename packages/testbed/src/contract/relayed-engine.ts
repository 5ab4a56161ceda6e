import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine } from "@berth/docker/engine.ts";

export interface RelayedEngine {
  engine: Engine;
  cut(): void;
  /** Nothing more of what is sent reaches the engine, until what it returns is called. */
  hold(): () => void;
}

/** A connection to an engine by way of a relay, which can be cut and held. All of it is taken away when the test has ended. */
export async function relayEngine(wire: NetConnectOpts): Promise<RelayedEngine> {
  const sockets = new Set<Socket>();
  /** By where each leads. */
  const senders = new Map<Socket, Socket>();
  let isHeld = false;
  const server = createServer((near) => {
    const far = connect(wire);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        senders.delete(socket);
        other.destroy();
      });
      socket.on("error", () => socket.destroy());
    }
    far.pipe(near);
    senders.set(near, far);
    if (!isHeld) near.pipe(far);
  });
  const folder = await mkdtemp(join(tmpdir(), "berth-relay-"));
  const path = join(folder, "engine.sock");
  server.listen(path);
  await once(server, "listening");
  const engine = connectEngine({ kind: "unix", path });
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  const hold = (): (() => void) => {
    isHeld = true;
    for (const [near, far] of senders) near.unpipe(far);
    return () => {
      isHeld = false;
      for (const [near, far] of senders) near.pipe(far);
    };
  };
  onTestFinished(async () => {
    engine.close();
    cut();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { engine, cut, hold };
}
