import { expect, test } from "vitest";
import { nextSkew, NO_SKEW } from "./clock-skew.ts";
import { isDiskFull } from "./disk-level.ts";

const fullAt = (wasFull: boolean, usedPercent: number): boolean =>
  isDiskFull(wasFull, { total: 1_000, free: 1_000 - usedPercent * 10 });

test("a disk is full from more than 85 % on, and until it is at 80 %", () => {
  expect([80, 84, 85].map((used) => fullAt(false, used))).toEqual([false, false, false]);
  expect([85.1, 90, 100].map((used) => fullAt(false, used))).toEqual([true, true, true]);
  expect([100, 85, 81].map((used) => fullAt(true, used))).toEqual([true, true, true]);
  expect([80, 40].map((used) => fullAt(true, used))).toEqual([false, false]);
  expect(isDiskFull(false, { total: 0, free: 0 })).toBe(false);
});

const skewAfter = (offsetsMs: number[]): boolean => offsetsMs.reduce(nextSkew, NO_SKEW).isSkewed;

test("a clock is wrong when two readings in a row are more than half a minute off, and right after two that are not", () => {
  expect(skewAfter([3_600_000])).toBe(false);
  expect(skewAfter([31_000, 31_000])).toBe(true);
  expect(skewAfter([-31_000, -31_000])).toBe(true);
  expect(skewAfter([29_000, 29_000, 29_000])).toBe(false);
  expect(skewAfter([31_000, 31_000, 0])).toBe(true);
  expect(skewAfter([31_000, 31_000, 28_000, 28_000])).toBe(true);
  expect(skewAfter([31_000, 31_000, 0, 0])).toBe(false);
});
