import { once } from "node:events";
import { Readable, Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { giveUpOnStillReader } from "./still-reader.ts";

const STALL_MS = 60_000;

test("a reader that takes nothing for so long is given up, and one that is only slow is not", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const body = Readable.from(endless(), { objectMode: false });
    body.on("error", () => {});
    giveUpOnStillReader(body, STALL_MS);
    let take = (): void => {};
    const reader = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => (take = done) });
    body.pipe(reader);
    for (let slow = 0; slow < 3; slow += 1) {
      await paused(body);
      vi.advanceTimersByTime(STALL_MS - 1);
      expect(body.destroyed).toBe(false);
      const resumed = once(body, "resume");
      take();
      await resumed;
    }
    await paused(body);
    const failed = once(body, "error");
    vi.advanceTimersByTime(STALL_MS);
    expect(await failed).toMatchObject([{ code: "UNAVAILABLE" }]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

async function paused(body: Readable): Promise<void> {
  while (!body.isPaused()) await turn();
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(10);
}
