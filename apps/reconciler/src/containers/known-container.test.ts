import fc from "fast-check";
import { expect, test } from "vitest";
import { HEALTHY_AFTER_MS } from "../queue/backoff.ts";
import {
  forgiveFailures,
  type KnownContainer,
  mayExist,
  memoryOf,
  newKnown,
  recordCrash,
  takePace,
} from "./known-container.ts";
import { rowOf } from "./testing/samples.ts";

const known = (): KnownContainer => newKnown(rowOf());

/** How long each of `count` starts after an exit must wait, where the container ends as soon as it may start. */
function waitsOfALoop(container: KnownContainer, count: number, from: number): number[] {
  let now = from;
  return Array.from({ length: count }, () => {
    recordCrash(container, now, 1);
    const wait = container.startNotBefore - now;
    now = container.startNotBefore;
    return wait;
  });
}

test("waits longer before each start of a container that keeps ending, up to five minutes", () => {
  expect(waitsOfALoop(known(), 8, 1_000)).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
});

test("forgives earlier crashes after ten minutes of running, and not before", () => {
  const container = known();
  waitsOfALoop(container, 4, 1_000);
  container.lastStartAt = 1_000_000;
  recordCrash(container, 1_000_000 + HEALTHY_AFTER_MS, 1);
  expect(container.crashes).toBe(5);
  container.lastStartAt = 2_000_000;
  recordCrash(container, 2_000_001 + HEALTHY_AFTER_MS, 1);
  expect(container.crashes).toBe(1);
});

test("gives a new spec a fresh chance", () => {
  const container = known();
  waitsOfALoop(container, 4, 1_000);
  container.failures = 3;
  container.recreateFailures = 2;
  container.image = { state: "failed", reason: "PullFailed", message: "no such image", retryAt: 99 };
  forgiveFailures(container);
  expect(container).toMatchObject({ failures: 0, crashes: 0, startNotBefore: 0, recreateFailures: 0 });
  expect(container.image).toEqual({ state: "unknown" });
});

test("asks again for an image that was there, and waits on for one that is being pulled", () => {
  const container = known();
  container.image = { state: "present" };
  forgiveFailures(container);
  expect(container.image).toEqual({ state: "unknown" });
  container.image = { state: "pulling" };
  forgiveFailures(container);
  expect(container.image).toEqual({ state: "pulling" });
});

test("lets a burst of changes through, and holds a spec that flips all the time to two changes a second", () => {
  const container = known();
  const rests = Array.from({ length: 13 }, () => takePace(container, 5_000));
  expect(rests.slice(0, 12)).toEqual(Array(12).fill(0));
  expect(rests[12]).toBe(500);
  expect(takePace(container, 5_250)).toBe(250);
  expect(takePace(container, 5_500)).toBe(0);
  expect(takePace(container, 5_500)).toBe(500);
});

test("never lets more through than a burst and two a second, however it is asked", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 }), (gaps) => {
      const container = known();
      let now = 10_000;
      const from = now;
      let passed = 0;
      for (const gap of gaps) {
        now += gap;
        if (takePace(container, now) === 0) passed += 1;
      }
      expect(passed).toBeLessThanOrEqual(12 + (2 * (now - from)) / 1_000);
    }),
  );
});

test("lets a change through after the rest that it named", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 20, maxLength: 100 }), (gaps) => {
      const container = known();
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        const rest = takePace(container, now);
        if (rest === 0) continue;
        now += rest;
        expect(takePace(container, now)).toBe(0);
      }
    }),
  );
});

test("takes what was never written to for something that nobody has acted on", () => {
  const known = newKnown(rowOf({ status: { version: 0, engine_id: null } }));
  expect(mayExist(known)).toBe(false);
  expect(mayExist(newKnown(rowOf({ status: { version: 1, engine_id: null } })))).toBe(true);
  // Asked for otherwise before it was looked at: a process before this one may have made it by its first name.
  known.row = rowOf({ generation: 2, status: { version: 0, engine_id: null } });
  expect(mayExist(known)).toBe(true);
});

test("remembers that content was lost only until its owner asks for something else", () => {
  const since = new Date(0).toISOString();
  const lost = { type: "DataLost", status: "true" as const, reason: "GoneFromEngine", message: "", since };
  const container = newKnown(rowOf({ generation: 4, status: { conditions: [lost], observed_generation: 4 } }));
  expect(memoryOf(container).dataLost).toBe(true);
  container.row.generation = 5;
  expect(memoryOf(container).dataLost).toBe(false);
});

test("says when each held container may go", () => {
  const held = [{ engine_id: "a", generation: 2, held_until: new Date(1_234), made_from: null }];
  expect(memoryOf(newKnown(rowOf({ held }))).heldUntil).toEqual(new Map([["a", 1_234]]));
});
