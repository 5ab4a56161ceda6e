import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PRIORITY, WorkQueue } from "./work-queue.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue whose runs last until the test ends them. */
function queueOf({ maxRunning = 1, maxRunningPerGroup = 16 } = {}) {
  const begun: string[] = [];
  const ranIn: string[] = [];
  const ends = new Map<string, () => void>();
  const places = new Map<string, () => void>();
  const queue = new WorkQueue({
    maxRunning,
    maxRunningPerGroup,
    run: (key, group, giveUpPlace) => {
      begun.push(key);
      ranIn.push(`${key} in ${group}`);
      places.set(key, giveUpPlace);
      if (ends.has(key)) throw new Error(`${key} runs twice at once`);
      return new Promise((resolve) => ends.set(key, resolve));
    },
  });
  const end = async (key: string): Promise<void> => {
    const resolve = ends.get(key);
    if (!resolve) throw new Error(`${key} does not run`);
    ends.delete(key);
    resolve();
    await turn();
  };
  /** Ends whatever runs, one after the other, and returns all that was begun. */
  const drain = async (): Promise<string[]> => {
    for (let [key] = ends.keys(); key !== undefined; [key] = ends.keys()) await end(key);
    return begun;
  };
  const giveUpPlace = (key: string): void => places.get(key)?.();
  return { queue, begun, ranIn, end, drain, giveUpPlace };
}

const { user, event, retry, resync } = PRIORITY;

test("runs a key once that was asked for many times while it waited", async () => {
  const { queue, drain } = queueOf();
  queue.add("busy", "m", event);
  for (let i = 0; i < 5; i += 1) queue.add("a", "m", event);
  expect(queue.depth).toEqual({ waiting: 1, running: 1, delayed: 0 });
  expect(await drain()).toEqual(["busy", "a"]);
});

test("runs a key once more that was asked for while it ran, and never twice at once", async () => {
  const { queue, begun, end, drain } = queueOf({ maxRunning: 4 });
  queue.add("a", "m", event);
  queue.add("a", "m", event);
  queue.add("a", "m", resync);
  expect(begun).toEqual(["a"]);
  await end("a");
  expect(begun).toEqual(["a", "a"]);
  expect(await drain()).toEqual(["a", "a"]);
  expect(queue.depth).toEqual({ waiting: 0, running: 0, delayed: 0 });
});

test("asks again with the highest priority that was named while the key ran", async () => {
  const { queue, drain } = queueOf();
  queue.add("a", "m", event);
  queue.add("other", "m", retry);
  queue.add("a", "m", resync);
  queue.add("a", "m", user);
  queue.add("a", "m", resync);
  expect(await drain()).toEqual(["a", "a", "other"]);
});

test("lets people go before events, events before retries, and resyncs last", async () => {
  const { queue, drain } = queueOf();
  queue.add("busy", "m", event);
  queue.add("resync", "m", resync);
  queue.add("retry", "m", retry);
  queue.add("event", "m", event);
  queue.add("user", "m", user);
  expect(await drain()).toEqual(["busy", "user", "event", "retry", "resync"]);
});

test("raises a waiting key that is asked for with more urgency, and never lowers one", async () => {
  const { queue, drain } = queueOf();
  queue.add("busy", "m", event);
  queue.add("raised", "m", resync);
  queue.add("kept", "m", event);
  queue.add("between", "m", retry);
  queue.add("raised", "m", user);
  queue.add("kept", "m", resync);
  expect(await drain()).toEqual(["busy", "raised", "kept", "between"]);
});

test("lets groups take turns, however many keys one of them has", async () => {
  const { queue, drain } = queueOf();
  queue.add("busy", "z", event);
  for (const key of ["a1", "a2", "a3", "a4"]) queue.add(key, "a", event);
  for (const key of ["b1", "b2"]) queue.add(key, "b", event);
  queue.add("c1", "c", event);
  expect(await drain()).toEqual(["busy", "a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

test("runs no more of one group than its share, while others go on", async () => {
  const { queue, begun, end } = queueOf({ maxRunning: 4, maxRunningPerGroup: 2 });
  for (const key of ["a1", "a2", "a3"]) queue.add(key, "a", user);
  queue.add("b1", "b", resync);
  expect(begun).toEqual(["a1", "a2", "b1"]);
  await end("a1");
  expect(begun).toEqual(["a1", "a2", "b1", "a3"]);
});

test("runs no more in all than it may", async () => {
  const { queue, begun, end } = queueOf({ maxRunning: 2 });
  for (const group of ["a", "b", "c"]) queue.add(`${group}1`, group, event);
  expect(begun).toEqual(["a1", "b1"]);
  await end("b1");
  expect(begun).toEqual(["a1", "b1", "c1"]);
});

test("keeps the keys of a parked group outside, and lets what runs end", async () => {
  const { queue, begun, end } = queueOf({ maxRunning: 4 });
  queue.add("a1", "a", event);
  queue.park("a");
  queue.add("a1", "a", event);
  queue.add("a2", "a", event);
  queue.add("b1", "b", resync);
  await end("a1");
  expect(begun).toEqual(["a1", "b1"]);
  queue.unpark("a");
  expect(begun).toEqual(["a1", "b1", "a2", "a1"]);
});

test("forgets what a group waits for, also what was asked for during a run or for later", async () => {
  const { queue, begun, end } = queueOf({ maxRunning: 1 });
  queue.add("a1", "a", event);
  queue.add("a1", "a", event);
  queue.add("a2", "a", event);
  queue.add("b1", "b", event);
  queue.addAfter("a3", "a", event, 10);
  queue.park("a");
  queue.forget("a");
  expect(queue.depth).toEqual({ waiting: 1, running: 1, delayed: 0 });
  await end("a1");
  vi.advanceTimersByTime(100);
  expect(begun).toEqual(["a1", "b1"]);
  await end("b1");
  queue.add("a4", "a", event);
  expect(begun).toEqual(["a1", "b1", "a4"]);
});

test("runs a key in the group that was named last, whether it waits, runs, or is for later", async () => {
  const { queue, begun, ranIn, end } = queueOf({ maxRunning: 4 });
  queue.park("a");
  queue.add("waits", "a", user);
  queue.add("waits", "b", event);
  expect(begun).toEqual(["waits"]);
  queue.add("waits", "c", event);
  await end("waits");
  queue.addAfter("later", "a", retry, 10);
  queue.addAfter("later", "b", retry, 20);
  vi.advanceTimersByTime(30);
  expect(ranIn).toEqual(["waits in b", "waits in c", "later in b"]);
  expect(queue.depth).toEqual({ waiting: 0, running: 2, delayed: 0 });
});

test("runs a key at the earliest time that it was asked for", async () => {
  const { queue, begun, drain } = queueOf({ maxRunning: 4 });
  queue.addAfter("sooner", "m", retry, 1_000);
  queue.addAfter("sooner", "m", retry, 100);
  queue.addAfter("kept", "m", retry, 200);
  queue.addAfter("kept", "m", retry, 5_000);
  vi.advanceTimersByTime(99);
  expect(begun).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(begun).toEqual(["sooner"]);
  vi.advanceTimersByTime(100);
  expect(begun).toEqual(["sooner", "kept"]);
  await drain();
  vi.advanceTimersByTime(10_000);
  expect(begun).toEqual(["sooner", "kept"]);
});

test("does not run at once what is asked for in more time than a timer can hold", () => {
  const { queue, begun } = queueOf();
  queue.addAfter("next year", "m", retry, 365 * 24 * 3_600_000);
  vi.advanceTimersByTime(60_000);
  expect(begun).toEqual([]);
});

test("takes back what was asked for later, and nothing that waits now", async () => {
  const { queue, drain } = queueOf();
  queue.add("busy", "m", event);
  queue.add("a", "m", event);
  queue.addAfter("a", "m", event, 10);
  queue.cancelDelay("a");
  queue.cancelDelay("unknown");
  vi.advanceTimersByTime(100);
  expect(await drain()).toEqual(["busy", "a"]);
});

test("waits at its close for what runs, and begins nothing more", async () => {
  const { queue, begun, end } = queueOf({ maxRunning: 2 });
  queue.add("a", "m", event);
  queue.add("b", "m", event);
  queue.add("waiting", "m", event);
  queue.add("a", "m", event);
  queue.addAfter("later", "m", event, 10);
  let isClosed = false;
  const closed = queue.close().then(() => (isClosed = true));
  queue.add("new", "m", user);
  queue.addAfter("newer", "m", user, 10);
  await end("a");
  expect(isClosed).toBe(false);
  await end("b");
  await closed;
  vi.advanceTimersByTime(100);
  expect(begun).toEqual(["a", "b"]);
});

test("closes at once where nothing runs", async () => {
  await queueOf().queue.close();
});

test("a run may give up its place, once, and the next ones of its group take none", async () => {
  const { queue, begun, end, giveUpPlace } = queueOf({ maxRunning: 2, maxRunningPerGroup: 3 });
  for (const key of ["h1", "h2", "h3", "h4"]) queue.add(key, "hangs", user);
  queue.add("w1", "well", event);
  expect(begun).toEqual(["h1", "h2"]);
  for (const key of ["h1", "h2", "h1", "h2"]) giveUpPlace(key);
  expect(begun).toEqual(["h1", "h2", "h3", "w1"]);
  queue.add("w2", "well", event);
  queue.add("w3", "well", event);
  expect(begun).toEqual(["h1", "h2", "h3", "w1", "w2"]);
  await end("h1");
  giveUpPlace("h1");
  expect(begun).toEqual(["h1", "h2", "h3", "w1", "w2", "h4"]);
  for (const key of ["h2", "h3", "h4"]) await end(key);
  // It is a group as any other again.
  queue.add("h5", "hangs", event);
  expect(begun).not.toContain("h5");
  await end("w1");
  expect(begun.slice(-1)).toEqual(["w3"]);
  await end("w2");
  expect(begun.slice(-1)).toEqual(["h5"]);
  await end("w3");
  await end("h5");
  expect(queue.depth).toEqual({ waiting: 0, running: 0, delayed: 0 });
});
