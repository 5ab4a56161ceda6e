import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";
import type { RowPage } from "./rows/keep-rows.ts";

/** Of a list, for a choice or the palette: ten pages. What is older is left out, and the page says so. */
export const MOST_CHOICES = 5_000;

type Pages<Row> = InfiniteData<RowPage<Row>>;

export const nextCursor = ({ next_cursor }: { next_cursor: string | null }): string | null => next_cursor;

/** Reads a list on by its cursor, until all of it is there. */
export function useReadOn<Row, Failure>(query: UseInfiniteQueryResult<Pages<Row>, Failure>) {
  const { data, hasNextPage, isPending, isFetching, isError, error, refetch, fetchNextPage } = query;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const isFull = items.length >= MOST_CHOICES;
  const goesOn = hasNextPage && !isFetching && !isError && !isFull;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  return { items, isCut: hasNextPage && isFull, isPending, error, refetch };
}
