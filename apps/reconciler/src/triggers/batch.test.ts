import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { batched } from "./batch.ts";

/** A batch whose every piece of work lasts until the test ends it. */
function recorder(limit = 100) {
  const calls: string[][] = [];
  let ending = Promise.withResolvers<void>();
  const add = batched((ids) => {
    calls.push(ids);
    ending = Promise.withResolvers();
    return ending.promise;
  }, limit);
  const end = async (): Promise<void> => {
    ending.resolve();
    await turn();
  };
  return { calls, add, end };
}

test("hands on together what arrives together, each id once", async () => {
  const { calls, add } = recorder();
  for (const id of ["a", "b", "a", "c"]) add(id);
  expect(calls).toEqual([]);
  await turn();
  expect(calls).toEqual([["a", "b", "c"]]);
});

test("collects what arrives while it works, and hands it on afterwards", async () => {
  const { calls, add, end } = recorder();
  add("a");
  await turn();
  add("b");
  add("c");
  add("a"); // changed again: the first look may have come too early
  await turn();
  expect(calls).toEqual([["a"]]);
  await end();
  expect(calls).toEqual([["a"], ["b", "c", "a"]]);
});

test("hands on no more at once than the limit, one after the other", async () => {
  const { calls, add, end } = recorder(2);
  for (const id of ["a", "b", "c", "d", "e"]) add(id);
  await turn();
  expect(calls).toEqual([["a", "b"]]);
  await end();
  await end();
  expect(calls).toEqual([["a", "b"], ["c", "d"], ["e"]]);
});

test("begins at once again after it had nothing to do", async () => {
  const { calls, add, end } = recorder();
  add("a");
  await turn();
  await end();
  add("b");
  await turn();
  expect(calls).toEqual([["a"], ["b"]]);
});
