import type { ReactNode } from "react";

export interface Column<Row> {
  key: string;
  title: string;
  render: (row: Row) => ReactNode;
  /** It can be sorted by this. */
  value?: (row: Row) => string | number;
  /** Of the room that there is, by grid units; a number is px. */
  width?: number | `${number}fr`;
  align?: "end";
  /** Stays where there is room for few, and can't be taken away. */
  isEssential?: true;
}

/** Rows that have `q` in their text and pass `isWanted`. */
export function search<Row extends object>(
  rows: readonly Row[],
  q: string,
  textOf: (row: Row) => string,
  isWanted: (row: Row) => boolean,
): readonly Row[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (!isWanted(row)) return false;
    if (words.length === 0) return true;
    const text = cachedText(row, textOf);
    return words.every((word) => text.includes(word));
  });
}

/** By a column's key, from the end where it begins with `-`; rows that are equal stay as they were. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: string | undefined,
): readonly Row[] {
  const isDown = sort?.startsWith("-") ?? false;
  const value = columns.find(({ key }) => key === sort?.replace("-", ""))?.value;
  if (!value) return rows;
  // Each value once: ten thousand rows are compared some hundred thousand times.
  const keyed = rows.map((row) => {
    const of = value(row);
    return { row, of: typeof of === "string" ? natural(of) : of };
  });
  const [before, after] = isDown ? [1, -1] : [-1, 1];
  return keyed.sort((a, b) => (a.of === b.of ? 0 : a.of < b.of ? before : after)).map(({ row }) => row);
}

/** So that gpu-2 is before gpu-10. */
const natural = (text: string): string => text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));

/**
 * Rows that have not changed are the same objects, and are not read again for each letter that is typed. By what reads
 * them first: that is another function once it knows more, as the names of machines.
 */
const texts = new WeakMap<object, WeakMap<object, string>>();

function cachedText<Row extends object>(row: Row, textOf: (row: Row) => string): string {
  let known = texts.get(textOf);
  if (!known) texts.set(textOf, (known = new WeakMap()));
  let text = known.get(row);
  if (text === undefined) known.set(row, (text = textOf(row).toLowerCase()));
  return text;
}
