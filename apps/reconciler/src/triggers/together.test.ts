import { expect, test } from "vitest";
import { together } from "./together.ts";

interface Row {
  machine: string;
  name: string;
}

/** A database that answers when it is told to. */
function slowDatabase(limit = 10) {
  const asked: string[][] = [];
  const answers: PromiseWithResolvers<Row[]>[] = [];
  const load = together<Row>(
    (ids) => {
      asked.push(ids);
      const answer = Promise.withResolvers<Row[]>();
      answers.push(answer);
      return answer.promise;
    },
    ({ machine }) => machine,
    limit,
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { asked, answers, load, turn };
}

test("asks once for all that wait, and gives each its own", async () => {
  const { asked, answers, load, turn } = slowDatabase();
  const [a, b] = [load("a"), load("b")];
  await turn();
  answers[0]!.resolve([
    { machine: "b", name: "first" },
    { machine: "a", name: "second" },
    { machine: "b", name: "third" },
  ]);
  expect((await a).map(({ name }) => name)).toEqual(["second"]);
  expect((await b).map(({ name }) => name)).toEqual(["first", "third"]);
  expect(asked).toEqual([["a", "b"]]);
});

test("has nothing for one that has no rows", async () => {
  const { answers, load, turn } = slowDatabase();
  const a = load("a");
  await turn();
  answers[0]!.resolve([]);
  expect(await a).toEqual([]);
});

test("asks for no more at once than the limit", async () => {
  const { asked, answers, load, turn } = slowDatabase(2);
  const all = ["a", "b", "c"].map(load);
  await turn();
  answers[0]!.resolve([]);
  await all[0];
  await turn();
  answers[1]!.resolve([]);
  await Promise.all(all);
  expect(asked).toEqual([["a", "b"], ["c"]]);
});

test("asks anew for whoever comes while an answer is on its way: it may be too old", async () => {
  const { asked, answers, load, turn } = slowDatabase();
  const early = load("a");
  await turn();
  const late = load("a");
  answers[0]!.resolve([{ machine: "a", name: "old" }]);
  expect((await early).map(({ name }) => name)).toEqual(["old"]);
  await turn();
  answers[1]!.resolve([{ machine: "a", name: "new" }]);
  expect((await late).map(({ name }) => name)).toEqual(["new"]);
  expect(asked).toEqual([["a"], ["a"]]);
});

test("tells all that waited what went wrong, and asks again for the next", async () => {
  const { answers, load, turn } = slowDatabase();
  const [a, b] = [load("a"), load("b")];
  await turn();
  answers[0]!.reject(new Error("the database is away"));
  await expect(a).rejects.toThrow("away");
  await expect(b).rejects.toThrow("away");
  const again = load("a");
  await turn();
  answers[1]!.resolve([]);
  expect(await again).toEqual([]);
});
