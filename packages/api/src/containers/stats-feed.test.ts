import type { Sql } from "@berth/db/sql.ts";
import { type ContainerStats as Reading, type Engine, EngineError } from "@berth/docker/engine.ts";
import type { ContainerStats } from "@berth/spec/live.ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { createStatsFeed } from "./stats-feed.ts";

const READING: Reading = { cpu_cores: null, memory_bytes: 10.5, memory_limit_bytes: 1_000, pids: 3 };

/** One container on one engine, both of which a test may change. */
function fakeMachine() {
  const state = {
    container: { engine_id: "abc", machine_id: "gpu-1", running: true } as object | null,
    failure: null as Error | null,
    readings: 0,
  };
  const engine = {
    stats: async (): Promise<Reading> => {
      if (state.failure) throw state.failure;
      state.readings += 1;
      return { ...READING, pids: state.readings };
    },
  } as Partial<Engine> as Engine;
  const sql: Sql = async <Row>() => (state.container ? [state.container] : []) as Row[];
  const feed = createStatsFeed({ sql, engines: { engineOf: async () => engine }, intervalMs: 20 });
  return { state, feed };
}

/** Reads until it is stopped. */
function view({ feed }: ReturnType<typeof fakeMachine>, containerId = 7) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const seen: ContainerStats[] = [];
  const ended = (async () => {
    for await (const reading of feed.follow(containerId, stop.signal)) seen.push(reading);
  })();
  return { seen, ended, stop: () => stop.abort() };
}

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => {
    if (!holds()) throw new Error("not yet");
  }, 5_000);

test("two viewers see the readings of one", async () => {
  const machine = fakeMachine();
  const [one, two] = [view(machine), view(machine)];
  await until(() => one.seen.length >= 3 && two.seen.length >= 3);
  expect(one.seen[0]).toEqual({
    at: expect.any(String),
    cpu_cores: null,
    memory: 11,
    memory_limit: 1_000,
    pids: 1,
  });
  const readingsOf = (seen: ContainerStats[]) => seen.map(({ pids }) => pids).slice(0, 3);
  expect(readingsOf(one.seen)).toEqual([1, 2, 3]);
  expect(readingsOf(two.seen)).toEqual([1, 2, 3]);
});

test("one who comes later sees the newest reading at once", async () => {
  const machine = fakeMachine();
  const one = view(machine);
  await until(() => one.seen.length >= 2);
  const later = view(machine);
  await until(() => later.seen.length >= 1);
  expect(later.seen[0]!.pids).toBeGreaterThanOrEqual(2);
});

test("nothing is read once the last viewer has gone", async () => {
  const machine = fakeMachine();
  const [one, two] = [view(machine), view(machine)];
  await until(() => one.seen.length >= 2);
  one.stop();
  await one.ended;
  const before = two.seen.length;
  await until(() => two.seen.length > before);
  two.stop();
  await two.ended;
  const { readings } = machine.state;
  // Another watched container shows that time has passed.
  const other = fakeMachine();
  const watching = view(other);
  await until(() => watching.seen.length >= 3);
  expect(machine.state.readings).toBe(readings);
});

test.each([
  ["it does not run", { container: { engine_id: "abc", machine_id: "gpu-1", running: false } }],
  ["its machine does not answer", { failure: new EngineError("unreachable", "no route", { timedOut: true }) }],
  ["the database is away", { failure: new Error("Connection terminated unexpectedly") }],
])("readings pause while %s, and go on", async (_why, change) => {
  const machine = fakeMachine();
  const { state } = machine;
  const before = { ...state };
  const one = view(machine);
  await until(() => one.seen.length >= 1);
  Object.assign(state, change);
  const other = view(fakeMachine(), 8);
  await until(() => other.seen.length >= 5);
  // One reading may have been under way.
  const { readings } = state;
  await until(() => other.seen.length >= 10);
  expect(state.readings).toBe(readings);
  Object.assign(state, { container: before.container, failure: null });
  await until(() => one.seen.length > readings);
});

test("ends with NOT_FOUND where the container was removed", async () => {
  const machine = fakeMachine();
  const one = view(machine);
  await until(() => one.seen.length >= 1);
  machine.state.container = null;
  await expect(one.ended).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("one who does not read misses what was in between", async () => {
  const machine = fakeMachine();
  const stop = new AbortController();
  const slow = machine.feed.follow(7, stop.signal)[Symbol.asyncIterator]();
  await slow.next();
  await until(() => machine.state.readings >= 5);
  const { value } = await slow.next();
  expect((value as ContainerStats).pids).toBeGreaterThanOrEqual(4);
  stop.abort();
  expect(await slow.next()).toEqual({ done: true, value: undefined });
});

test("a reading of before that fails late takes nothing from who came since", async () => {
  const held = Promise.withResolvers<void>();
  const engine = { stats: async (): Promise<Reading> => ({ ...READING, pids: (readings += 1) }) };
  let readings = 0;
  let asked = 0;
  const sql: Sql = async <Row>() => {
    asked += 1;
    if (asked > 1) return [{ engine_id: "abc", machine_id: "gpu-1", running: true }] as Row[];
    await held.promise;
    throw new Error("a failure of ours");
  };
  const engines = { engineOf: async () => engine as Partial<Engine> as Engine };
  const feed = createStatsFeed({ sql, engines, intervalMs: 60_000 });
  const machine = { state: fakeMachine().state, feed };
  const left = view(machine);
  left.stop();
  await left.ended;
  const since = view(machine);
  await until(() => since.seen.length === 1);
  held.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  const later = view(machine);
  await until(() => later.seen.length === 1);
  expect(later.seen[0]?.pids).toBe(1);
});
