import { useInfiniteQuery } from "@tanstack/react-query";
import { useTRPC } from "../../lib/trpc.ts";
import { nextCursor, useReadOn } from "../../lib/use-read-on.ts";

/** To choose from, newest first. */
export function useAllImages(options: { staleTime?: number; enabled?: boolean } = {}) {
  const { list } = useTRPC().image;
  return useReadOn(
    useInfiniteQuery(list.infiniteQueryOptions({ limit: 500 }, { getNextPageParam: nextCursor, ...options })),
  );
}
