import { invalidField } from "@berth/spec/error-code.ts";
import type { PageInput } from "@berth/spec/page.ts";

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** The id after which a page starts, for lists that are ordered by a number. Null is the start. */
export function readIdCursor({ cursor }: Pick<PageInput, "cursor">): string | null {
  if (cursor === undefined) return null;
  if (!/^[0-9]{1,18}$/.test(cursor)) throw invalidField("cursor", "Not one that a list has given.");
  return cursor;
}

/** A row of a list by its number, and how long the longest of what is shown of it is. */
export interface Measured {
  id: number;
  length: number;
}

/** Characters. An answer is kept in memory until it is read, and many may be asked for at once. */
const MAX_PAGE_LENGTH = 1_048_576;

/**
 * The ids of one page, of rows that were measured before they are read whole. It ends at `limit`, or sooner where its rows
 * are long; the first is always on it. `rows` were asked for with `limit + 1`.
 */
export function fitPage(rows: readonly Measured[], limit: number): { ids: number[]; next_cursor: string | null } {
  let sum = 0;
  const tooMuch = rows.findIndex(
    ({ length }, index) => index >= limit || ((sum += length) > MAX_PAGE_LENGTH && index > 0),
  );
  const ids = (tooMuch === -1 ? rows : rows.slice(0, tooMuch)).map(({ id }) => id);
  return { ids, next_cursor: tooMuch === -1 ? null : String(ids.at(-1)) };
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
