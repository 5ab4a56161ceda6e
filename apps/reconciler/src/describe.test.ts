import { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import { expect, test } from "vitest";
import { describeHealth } from "./describe.ts";
import { PRIORITY, WorkQueue } from "./queue/work-queue.ts";

const process = { version: "1.2.3", startedAt: new Date(0) };
/** Runs one key at a time, and none to its end. */
const queueOf = () => new WorkQueue({ run: () => new Promise(() => undefined), maxRunning: 1, maxRunningPerGroup: 1 });
const away = (machine_id: string) => ({
  row: { machine_id },
  awaySince: 1_000,
  nextTryAt: 2_000,
  lastMiss: new Error("no answer ".repeat(1_000)),
});

test("tells what waits and runs by its kind, and what has been longest at it", () => {
  const queue = queueOf();
  queue.add("m/gpu-1", "gpu-1", PRIORITY.user);
  queue.add("c/a", "gpu-1", PRIORITY.user);
  queue.add("c/b", "gpu-2", PRIORITY.resync);
  queue.addAfter("r/7", "registry", PRIORITY.retry, 60_000);
  const health = describeHealth(process, queue, new Map());
  expect(health).toMatchObject({
    version: "1.2.3",
    queue: [
      { kind: "machine", waiting: 0, running: 1, delayed: 0 },
      { kind: "container", waiting: 2, running: 0, delayed: 0 },
      { kind: "registry", waiting: 0, running: 0, delayed: 1 },
    ],
    longest_waiting: { kind: "container", id: "a", machine_id: "gpu-1" },
    longest_running: [{ kind: "machine", id: "gpu-1", machine_id: "gpu-1" }],
  });
  queue.cancelDelay("r/7");
  // What waits for a machine that is away is no work that is late.
  queue.park("gpu-1");
  expect(describeHealth(process, queue, new Map()).longest_waiting).toMatchObject({ id: "b" });
});

test("is a few kB, whatever is away, and reads as what it is", () => {
  const sessions = new Map(Array.from({ length: 1_000 }, (_, n) => [`gpu-${n}`, away(`gpu-${n}`)] as const));
  const health = describeHealth(process, queueOf(), sessions);
  expect(health).toMatchObject({ machines: 1_000, breakers_open: 1_000 });
  expect(health.breakers[0]).toMatchObject({
    machine_id: "gpu-0",
    since: "1970-01-01T00:00:01.000Z",
    next_try_at: "1970-01-01T00:00:02.000Z",
  });
  expect(JSON.stringify(health).length).toBeLessThan(10_000);
  expect(ReconcilerHealth.parse(health)).toEqual(health);
});
