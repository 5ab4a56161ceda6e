import { expect, test } from "vitest";
import { MinuteBuckets } from "./minute-buckets.ts";

test("what was given back is there again, and never more than a minute's", () => {
  const buckets = new MinuteBuckets<string>(2, () => 0);
  buckets.giveBack("a");
  expect([buckets.take("a"), buckets.take("a"), buckets.take("a")]).toEqual([0, 0, 30]);
  buckets.giveBack("a");
  expect([buckets.take("a"), buckets.take("a"), buckets.take("b")]).toEqual([0, 30, 0]);
});

test("of very many keys those that were used last are remembered", () => {
  const buckets = new MinuteBuckets<number>(1, () => 0);
  for (let key = 0; key < 20_000; key += 1) buckets.take(key);
  expect([buckets.take(19_999), buckets.take(0)]).toEqual([60, 0]);
});
