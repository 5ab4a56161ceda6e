import { useSyncExternalStore } from "react";
import { Store, useStore } from "../../lib/store.ts";
import { readStored, writeStored } from "../../lib/stored.ts";
import type { Column } from "./arrange.ts";

const narrow = matchMedia("(width <= 640px)");
const subscribeNarrow = (listener: () => void): (() => void) => {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
};

/** Columns that were taken away, by their table, as this browser remembers. */
const hidden = new Map<string, Store<readonly string[]>>();

function hiddenOf(table: string): Store<readonly string[]> {
  const known = hidden.get(table) ?? new Store((readStored(itemOf(table)) ?? "").split(",").filter(Boolean));
  hidden.set(table, known);
  return known;
}

const itemOf = (table: string): string => `berth-hidden-columns-${table}`;

/** The columns to be shown: all but those that were taken away, and on a phone the essential ones. */
export function useColumns<Row>(table: string, columns: readonly Column<Row>[]) {
  const store = hiddenOf(table);
  const taken = useStore(store);
  const isNarrow = useSyncExternalStore(subscribeNarrow, () => narrow.matches);
  return {
    isNarrow,
    isHidden: (key: string): boolean => taken.includes(key),
    shown: columns.filter(({ key, isEssential }) => isEssential || (!isNarrow && !taken.includes(key))),
    toggle(key: string): void {
      const next = taken.includes(key) ? taken.filter((each) => each !== key) : [...taken, key];
      writeStored(itemOf(table), next.length === 0 ? null : next.join(","));
      store.set(next);
    },
  };
}
