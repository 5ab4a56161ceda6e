import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PRIORITY, WorkQueue } from "./work-queue.ts";

const anyKey = fc.integer({ min: 0, max: 11 }).map((number) => ({ key: `k${number}`, group: `g${number % 3}` }));
const anyPriority = fc.constantFrom(...Object.values(PRIORITY));
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("add" as const), of: anyKey, priority: anyPriority }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("end" as const), nth: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("park" as const, "unpark" as const), of: anyKey }) },
);

test("looks at every key after it was last asked for, once at a time and within its limits", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
      const running = new Map<string, { group: string; end: () => void }>();
      const owed = new Set<string>();
      const queue = new WorkQueue({
        maxRunning: 4,
        maxRunningPerGroup: 2,
        run: (key, group) => {
          expect(running.has(key)).toBe(false);
          owed.delete(key);
          const { promise, resolve } = Promise.withResolvers<void>();
          running.set(key, { group, end: resolve });
          expect(running.size).toBeLessThanOrEqual(4);
          expect([...running.values()].filter((run) => run.group === group).length).toBeLessThanOrEqual(2);
          return promise;
        },
      });
      const end = async (key: string): Promise<void> => {
        const run = running.get(key);
        running.delete(key);
        run?.end();
        await turn();
      };
      for (const step of steps) {
        if (step.type === "add") {
          owed.add(step.of.key);
          queue.add(step.of.key, step.of.group, step.priority);
        } else if (step.type === "end") {
          const key = [...running.keys()][step.nth % Math.max(1, running.size)];
          if (key !== undefined) await end(key);
        } else queue[step.type](step.of.group);
      }
      for (const group of ["g0", "g1", "g2"]) queue.unpark(group);
      for (let [key] = running.keys(); key !== undefined; [key] = running.keys()) await end(key);
      expect([...owed]).toEqual([]);
      expect(queue.depth).toEqual({ waiting: 0, running: 0, delayed: 0 });
    }),
    { numRuns: 200 },
  );
});
