import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import { timesOf, useFaultyScene } from "./faulty-scene.ts";

const VIEWERS = 10;
const EACH_READS = 8 * 1024 * 1024;
const LINES = Buffer.from(`${"x".repeat(16_383)}\n`.repeat(16));
/** Bytes; the log itself keeps no more for who is slow. */
const BEHIND_AT_MOST = 1024 * 1024;

describe("a container that prints without end", () => {
  const open = useFaultyScene();

  test("to ten viewers: none of it passes through the reconciler, which does its work meanwhile", async () => {
    const { scene, engine, berth } = open();
    const account = `viewer-${randomBytes(4).toString("hex")}`;
    const owner = await berth.server.registerUser(account);
    const token = await berth.server.signIn(account);
    const printing = await scene.run({}, owner);
    const { log } = engine.simulation.daemon.containers.get((await printing.onEngine()).id)!;
    const viewers = Array.from({ length: VIEWERS }, () => view(berth.server.url, printing.container_id, token));
    onTestFinished(() => viewers.forEach(({ socket }) => socket.close()));
    const [before, serverBefore] = await Promise.all([berth.reconciler.pid, berth.server.pid].map(readSoFar));

    const created = scene.run();
    for (let printed = 0; printed < EACH_READS; printed += LINES.length) {
      log.append("stdout", LINES, engine.simulation.daemon.time.nowNs());
      const isRead = () => viewers.every(({ bytes }) => bytes() >= printed - BEHIND_AT_MOST);
      await waitUntil("the viewers to follow", 20_000, isRead);
    }
    await (await created).owner.container.stop.mutate((await created).ref);
    await (await created).reaches("Stopped");
    const read = (await readSoFar(berth.reconciler.pid)) - before!;
    const shown = viewers.reduce((sum, { bytes }) => sum + bytes(), 0);
    console.log(`${Math.round(shown / 2 ** 20)} MiB shown, ${Math.round(read / 1024)} KiB read by the reconciler`);
    expect(read).toBeLessThan(2 * 1024 * 1024);
    // Where it did pass it is seen, once at the least.
    const passed = (await readSoFar(berth.server.pid)) - serverBefore!;
    expect(passed).toBeGreaterThan(EACH_READS - BEHIND_AT_MOST - LINES.length);
    expect(timesOf(engine.simulation, await created, "create")).toBe(1);
  });
});

/** What a process has read of files and sockets, bytes. */
async function readSoFar(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "utf8"))?.[1]);
}

/** Follows a container's log, keeping nothing of it. */
function view(url: string, containerId: number, access_token: string): { socket: WebSocket; bytes: () => number } {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws/containers/${containerId}/logs?follow=true`);
  let bytes = 0;
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => socket.send(JSON.stringify({ access_token })));
  socket.addEventListener("message", ({ data }: MessageEvent) => {
    bytes += typeof data === "string" ? data.length : (data as ArrayBuffer).byteLength;
  });
  return { socket, bytes: () => bytes };
}
