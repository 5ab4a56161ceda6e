import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs, CRASH_LOOP, TRANSIENT } from "./backoff.ts";

const anyPolicy = fc.constantFrom(TRANSIENT, CRASH_LOOP);
const anyFailures = fc.integer({ min: 1, max: 100_000 });
const anyRandom = fc.double({ min: 0, max: 1, noNaN: true });

test("waits no longer than the policy's most, and no shorter than half its first", () => {
  fc.assert(
    fc.property(anyPolicy, anyFailures, anyRandom, (policy, failures, random) => {
      const delay = backoffMs(policy, failures, random);
      expect(delay).toBeLessThanOrEqual(policy.maxMs);
      expect(delay).toBeGreaterThanOrEqual(policy.baseMs / 2);
    }),
  );
});

test("never waits shorter after one more failure, with the same luck", () => {
  fc.assert(
    fc.property(anyPolicy, anyFailures, anyRandom, (policy, failures, random) => {
      expect(backoffMs(policy, failures + 1, random)).toBeGreaterThanOrEqual(backoffMs(policy, failures, random));
    }),
  );
});

test("spreads keys that failed together over half of the wait", () => {
  fc.assert(
    fc.property(anyPolicy, anyFailures, (policy, failures) => {
      const [least, most] = [backoffMs(policy, failures, 0), backoffMs(policy, failures, 1)];
      expect(most).toBe(2 * least);
    }),
  );
});

test("doubles from the first wait to the longest", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((failures) => backoffMs(CRASH_LOOP, failures, 1));
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("does not wait before the first attempt", () => {
  expect(backoffMs(TRANSIENT, 0, 1)).toBe(0);
});
