import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { atPaceOf } from "./at-pace-of.ts";

test("asks for no more while much waits for the reader, however often it has to look", async () => {
  const waiting = [1_000_000, 500_000, 100_000, 0];
  const askedAtLook: number[] = [];
  const socket = {
    get bufferedAmount() {
      askedAtLook.push(asked);
      return waiting.shift() ?? 0;
    },
  };
  let asked = 0;
  async function* source() {
    for (;;) yield (asked += 1);
  }
  const stop = new AbortController();
  const items = atPaceOf(socket as WebSocket, source(), stop.signal);
  expect(await items.next()).toEqual({ done: false, value: 1 });
  expect(await items.next()).toEqual({ done: false, value: 2 });
  expect(askedAtLook).toEqual([1, 1, 1, 1]);
});

test("ends while it waits for a reader that has gone", async () => {
  const socket = { bufferedAmount: 1_000_000 };
  const stop = new AbortController();
  async function* source() {
    yield 1;
    if (!stop.signal.aborted) yield 2;
  }
  const items = atPaceOf(socket as WebSocket, source(), stop.signal);
  await items.next();
  const next = items.next();
  stop.abort();
  expect((await next).done).toBe(true);
});
