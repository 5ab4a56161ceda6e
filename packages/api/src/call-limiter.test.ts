import { expect, test } from "vitest";
import { createCallLimiter } from "./call-limiter.ts";

test("refuses an account that calls too often, says for how long, and leaves others alone", () => {
  let now = 0;
  const limiter = createCallLimiter(60, () => now);
  for (let call = 0; call < 60; call += 1) limiter.count(1);
  expect(() => limiter.count(1)).toThrow("try again in 1 seconds");
  limiter.count(2);
  now += 1_000;
  limiter.count(1);
  expect(() => limiter.count(1)).toThrow("Too many calls");
});

test("a pause never saves up for more than a minute's calls", () => {
  let now = 0;
  const limiter = createCallLimiter(10, () => now);
  limiter.count(1);
  now += 3_600_000;
  for (let call = 0; call < 10; call += 1) limiter.count(1);
  expect(() => limiter.count(1)).toThrow("Too many calls");
});

test("refuses more requests at once than an account may have, until one was answered", () => {
  const limiter = createCallLimiter();
  const ends = Array.from({ length: 32 }, () => limiter.begin(1));
  expect(() => limiter.begin(1)).toThrow("requests at once");
  limiter.begin(2);
  ends[0]!();
  limiter.begin(1);
  expect(() => limiter.begin(1)).toThrow("requests at once");
});
