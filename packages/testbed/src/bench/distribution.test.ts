import { expect, test } from "vitest";
import { distributionOf } from "./distribution.ts";

test("takes the median and the 99th percentile by nearest rank, in any order", () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(distributionOf(samples)).toEqual({ count: 100, p50: 50, p99: 99 });
});

test("takes the largest of few samples for the 99th percentile", () => {
  expect(distributionOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3 });
});

test("has no figure for no samples", () => {
  expect(distributionOf([])).toEqual({ count: 0, p50: Number.NaN, p99: Number.NaN });
});
