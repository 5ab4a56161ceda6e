import { expect, test } from "vitest";
import { findMoves, reportMoves } from "./compare.ts";

test("finds the numbers that moved by more than the share, up or down, wherever they are", () => {
  const before = { idle: { cpu: 2, rss: 300 }, burst: { perSecond: 1_000 }, count: 30 };
  const now = { idle: { cpu: 2.4, rss: 310 }, burst: { perSecond: 800 }, count: 30 };
  expect(findMoves(before, now, 0.15)).toEqual([
    { path: "idle.cpu", before: 2, now: 2.4 },
    { path: "burst.perSecond", before: 1_000, now: 800 },
  ]);
});

test("takes a move of just the share for none", () => {
  expect(findMoves({ p50: 100 }, { p50: 115 }, 0.15)).toEqual([]);
  expect(findMoves({ p50: 100 }, { p50: 116 }, 0.15)).toHaveLength(1);
});

test("finds what was nothing and is something now", () => {
  expect(findMoves({ duplicates: 0 }, { duplicates: 1 })).toEqual([{ path: "duplicates", before: 0, now: 1 }]);
  expect(findMoves({ duplicates: 0 }, { duplicates: 0 })).toEqual([]);
});

test("compares elements of a list by their names, in whatever order and number they come", () => {
  const before = [
    { engine: "Docker 20.10", ms: 200 },
    { engine: "Docker 28.5", ms: 100 },
  ];
  expect(findMoves(before, [{ engine: "Docker 28.5", ms: 150 }])).toEqual([
    { path: "Docker 28.5.ms", before: 100, now: 150 },
  ]);
});

test("tells elements of one name, and those without any, by their places", () => {
  const doors = (ms: number) => ({
    doors: [
      { door: "login", ms: 1 },
      { door: "login", ms },
    ],
    load: [1, ms],
  });
  expect(findMoves(doors(10), doors(20)).map(({ path }) => path)).toEqual(["doors.login 1.ms", "load.1"]);
});

test("leaves out what only one of the two has, and what is no number in one of them", () => {
  expect(findMoves({ gone: 1, odd: 3 }, { fresh: 2, odd: null })).toEqual([]);
});

test("reports old, new and ratio", () => {
  const moves = [{ path: "idle.cpu", before: 2, now: 3 }];
  expect(reportMoves("fleet", "2026-11-01", moves)).toBe(
    "fleet, beside 2026-11-01: moved by more than 15 %\n  idle.cpu           2 →           3  1.50×",
  );
  expect(reportMoves("fleet", "2026-11-01", [])).toBe("fleet, beside 2026-11-01: nothing moved by more than 15 %");
});
