import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { createMachineLanes, createSharedLanes, Lane } from "./lanes.ts";

/** Work that lasts until the test ends it. */
function worker() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  return {
    begun,
    work: (name: string) => () => {
      begun.push(name);
      const ending = Promise.withResolvers<void>();
      ends.set(name, ending);
      return ending.promise;
    },
    async end(name: string): Promise<void> {
      ends.get(name)!.resolve();
      await turn();
    },
    async fail(name: string): Promise<void> {
      ends.get(name)!.reject(new Error(`${name} failed`));
      await turn();
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

test("runs as much as its limit at once, and the rest in the order of asking", async () => {
  const { begun, work, end } = worker();
  const lane = new Lane(2);
  for (const name of ["a", "b", "c", "d", "e"]) void lane.run(work(name));
  expect(begun).toEqual(["a", "b"]);
  await end("b");
  expect(begun).toEqual(["a", "b", "c"]);
  await end("a");
  await end("c");
  expect(begun).toEqual(["a", "b", "c", "d", "e"]);
});

test("gives a place that gets free to who waits, not to who asks at that very moment", async () => {
  const { begun, work, end } = worker();
  const lane = new Lane(1);
  void lane.run(work("first")).then(() => lane.run(work("late")));
  void lane.run(work("waiting"));
  await end("first");
  expect(begun).toEqual(["first", "waiting"]);
  await end("waiting");
  expect(begun).toEqual(["first", "waiting", "late"]);
});

test("hands on what the work returned or threw, and frees its place either way", async () => {
  const { begun, work, fail, end } = worker();
  const lane = new Lane(1);
  const failed = lane.run(work("a")).catch((error: Error) => error.message);
  const after = lane.run(work("b"));
  await fail("a");
  expect(await failed).toBe("a failed");
  expect(begun).toEqual(["a", "b"]);
  await end("b");
  await after;
  expect(await lane.run(async () => 7)).toBe(7);
  const thrown = lane.run(() => {
    throw new Error("before it began");
  });
  await expect(thrown).rejects.toThrow("before it began");
  expect(await lane.run(async () => 8)).toBe(8);
});

test("lets one machine change four things, pull two images and make two reads at once", async () => {
  const { begun, work } = worker();
  const lanes = createMachineLanes(createSharedLanes());
  for (let i = 0; i < 6; i += 1) {
    void lanes.mutate(work(`mutation ${i}`));
    void lanes.pull(work(`pull ${i}`));
    void lanes.read(work(`read ${i}`));
  }
  await turn();
  const count = (kind: string): number => begun.filter((name) => name.startsWith(kind)).length;
  expect({ mutations: count("mutation"), pulls: count("pull"), reads: count("read") }).toEqual({
    mutations: 4,
    pulls: 2,
    reads: 2,
  });
});

test("holds all machines together to 64 reads and 32 pulls", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }); // else a read that is late gives up its place
  const { begun, work } = worker();
  const shared = createSharedLanes();
  for (let machine = 0; machine < 50; machine += 1) {
    const lanes = createMachineLanes(shared);
    for (let i = 0; i < 2; i += 1) {
      void lanes.read(work(`read ${machine}/${i}`));
      void lanes.pull(work(`pull ${machine}/${i}`));
    }
  }
  await turn();
  expect(begun.filter((name) => name.startsWith("read")).length).toBe(64);
  expect(begun.filter((name) => name.startsWith("pull")).length).toBe(32);
});

test("engines that hang keep no other's reads waiting: not for long at first, and then not at all", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const { begun, work, end } = worker();
  const shared = createSharedLanes();
  const hanging = Array.from({ length: 64 }, () => createMachineLanes(shared));
  const well = createMachineLanes(shared);
  hanging.forEach((lanes, at) => void lanes.read(work(`hangs ${at}`)));
  void well.read(work("waits"));
  await vi.advanceTimersByTimeAsync(499);
  expect(begun).not.toContain("waits");
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toContain("waits");
  hanging.forEach((lanes, at) => void lanes.read(work(`hangs again ${at}`)));
  void well.read(work("waits no more"));
  await turn();
  expect(begun).toContain("waits no more");
  // One that answers in time again takes its place as before.
  await end("hangs 0");
  await end("hangs again 0");
  await end("waits");
  for (let at = 0; at < 63; at += 1) void createMachineLanes(shared).read(work(`other ${at}`));
  void hanging[0]!.read(work("is back"));
  await turn();
  expect(begun).not.toContain("is back");
});

test("gives a place by hand, which is free again once it is given up, however often", async () => {
  const lane = new Lane(1);
  const leave = await lane.enter();
  const waiting = lane.enter();
  const last = lane.enter();
  let isLastIn = false;
  void last.then(() => (isLastIn = true));
  leave();
  leave();
  const leaveSecond = await waiting;
  await turn();
  expect(isLastIn).toBe(false);
  leaveSecond();
  (await last)();
});
