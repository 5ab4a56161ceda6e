import { expect, test } from "vitest";
import { slotBefore } from "./slot-before.ts";

test("moments of one half-second end together, and none of them later than it was to", () => {
  const moments = Array.from({ length: 1_000 }, (_, index) => 60_000 + index * 0.9);
  const ends = moments.map(slotBefore);
  expect(new Set(ends)).toEqual(new Set([60_000, 60_500]));
  expect(moments.every((moment, index) => ends[index]! <= moment && moment - ends[index]! < 500)).toBe(true);
});
