import fc from "fast-check";
import { expect, test } from "vitest";
import { createBreaker, probeDelayMs } from "./breaker.ts";

test("opens at the third miss in a row, and says so once", () => {
  const breaker = createBreaker();
  expect([breaker.recordMiss(), breaker.recordMiss()]).toEqual([false, false]);
  expect(breaker.isOpen).toBe(false);
  expect(breaker.recordMiss()).toBe(true);
  expect(breaker.isOpen).toBe(true);
  expect(breaker.recordMiss()).toBe(false);
});

test("begins to count anew after an answer", () => {
  const breaker = createBreaker();
  for (let i = 0; i < 10; i += 1) {
    breaker.recordMiss();
    breaker.recordMiss();
    breaker.recordAnswer();
  }
  expect(breaker.isOpen).toBe(false);
});

test("stays open until it is closed, then takes three misses again", () => {
  const breaker = createBreaker();
  for (let i = 0; i < 3; i += 1) breaker.recordMiss();
  breaker.recordAnswer();
  expect(breaker.isOpen).toBe(true);
  breaker.close();
  expect(breaker.isOpen).toBe(false);
  expect([breaker.recordMiss(), breaker.recordMiss(), breaker.recordMiss()]).toEqual([false, false, true]);
});

test("probes a silent engine from 2 to 30 seconds apart, and one that refuses each second", () => {
  expect([0, 1, 2, 3, 4, 5, 6].map(probeDelayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  fc.assert(fc.property(fc.nat(), (silences) => probeDelayMs(silences) <= 30_000));
});
