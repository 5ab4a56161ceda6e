import { expect, test } from "vitest";
import { fitPage, type Measured } from "./page.ts";

const rows = (lengths: number[]): Measured[] => lengths.map((length, index) => ({ id: 9 - index, length }));

test("a page ends at its limit, and names where the next one begins", () => {
  expect(fitPage(rows([1, 1, 1]), 2)).toEqual({ ids: [9, 8], next_cursor: "8" });
  expect(fitPage(rows([1, 1]), 2)).toEqual({ ids: [9, 8], next_cursor: null });
  expect(fitPage([], 2)).toEqual({ ids: [], next_cursor: null });
});

test("a page of long rows ends sooner, and is never empty", () => {
  const half = 524_288;
  expect(fitPage(rows([half, half, 1, 1]), 3)).toEqual({ ids: [9, 8], next_cursor: "8" });
  expect(fitPage(rows([half * 3, 1]), 3)).toEqual({ ids: [9], next_cursor: "9" });
});
