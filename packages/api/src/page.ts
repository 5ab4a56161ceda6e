import { DomainError } from "@berth/spec/error-code.ts";
import type { PageInput } from "@berth/spec/page.ts";

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** The id after which a page starts, for lists that are ordered by a number. Null is the start. */
export function readIdCursor({ cursor }: Pick<PageInput, "cursor">): string | null {
  if (cursor === undefined) return null;
  if (!/^[0-9]{1,18}$/.test(cursor)) throw new DomainError("BAD_REQUEST", "cursor: not one that a list has given.");
  return cursor;
}

/** From rows that were asked for with `limit + 1`: the one too many says that there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  cursorOf: (row: Row) => string | number | bigint,
): Page<Item> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return {
    items: kept.map(toItem),
    next_cursor: rows.length > limit && last !== undefined ? String(cursorOf(last)) : null,
  };
}
