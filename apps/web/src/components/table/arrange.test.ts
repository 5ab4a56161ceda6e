import { expect, test } from "vitest";
import { type Column, search, sortRows } from "./arrange.ts";

interface Machine {
  name: string;
  gpus: number;
}
const ROWS: readonly Machine[] = [
  { name: "gpu-10", gpus: 4 },
  { name: "gpu-2", gpus: 8 },
  { name: "Lab-1", gpus: 4 },
];
const COLUMNS: Column<Machine>[] = [
  { key: "name", title: "", value: ({ name }) => name, render: () => null },
  { key: "gpus", title: "", value: ({ gpus }) => gpus, render: () => null },
  { key: "menu", title: "", render: () => null },
];
const names = (rows: readonly Machine[]): string[] => rows.map(({ name }) => name);

test.each([
  ["name", ["gpu-2", "gpu-10", "Lab-1"]],
  ["-name", ["Lab-1", "gpu-10", "gpu-2"]],
  ["gpus", ["gpu-10", "Lab-1", "gpu-2"]],
  ["-gpus", ["gpu-2", "gpu-10", "Lab-1"]],
  ["menu", names(ROWS)],
  ["no-such", names(ROWS)],
  [undefined, names(ROWS)],
])("sorted by %s, numbers count as such and equal rows keep their order", (sort, expected) => {
  expect(names(sortRows(ROWS, COLUMNS, sort))).toEqual(expected);
});

test("finds rows that have every word and are wanted", () => {
  const textOf = ({ name, gpus }: Machine): string => `${name} ${gpus}`;
  expect(names(search(ROWS, " GPU  8", textOf, () => true))).toEqual(["gpu-2"]);
  expect(names(search(ROWS, "", textOf, ({ gpus }) => gpus === 4))).toEqual(["gpu-10", "Lab-1"]);
});

test("finds rows by what is known now, and reads each row once for that", () => {
  const read: string[] = [];
  const knowing =
    (known: Readonly<Record<string, string>>) =>
    ({ name }: Machine): string => {
      read.push(name);
      return `${name} ${known[name] ?? ""}`;
    };
  const before = knowing({});
  expect(search(ROWS, "cellar", before, () => true)).toEqual([]);
  expect(search(ROWS, "cell", before, () => true)).toEqual([]);
  expect(read).toHaveLength(ROWS.length);
  const after = knowing({ "gpu-2": "in the cellar" });
  expect(search(ROWS, "cellar", after, () => true)).toEqual([ROWS[1]]);
});
