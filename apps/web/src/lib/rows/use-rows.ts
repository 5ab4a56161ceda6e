import type { Change } from "@berth/spec/live.ts";
import { type QueryClient, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { changeFeed } from "../change-feed.ts";
import { signedIn } from "../signed-in.ts";
import { RowKeeper, type Rows, type RowSource } from "./keep-rows.ts";

export interface KeptRows<Row> {
  /** Undefined until the first answer. */
  rows: Rows<Row> | undefined;
  retry: () => void;
  lookAt: (isLookedAt: (id: string) => boolean) => void;
}

/** Of all lists of a noun. */
const rowsKey = (noun: Change["noun"]): string[] => ["rows", noun];

/** Shows a row as it will be, in every list, until it is asked for again: whoever does so must tell of it. */
export function showRow<Row>(
  queryClient: QueryClient,
  noun: Change["noun"],
  isIt: (row: Row) => boolean,
  shown: Partial<Row>,
): void {
  queryClient.setQueriesData<Rows<Row>>(
    { queryKey: rowsKey(noun) },
    (rows) => rows && { ...rows, items: rows.items.map((row) => (isIt(row) ? { ...row, ...shown } : row)) },
  );
}

/** All rows of a list, kept current while they are shown. `source` is read anew where `key` is another. */
export function useRows<Row>(noun: Change["noun"], key: string, source: RowSource<Row>): KeptRows<Row> {
  const queryClient = useQueryClient();
  const keeper = useRef<RowKeeper<Row> | null>(null);
  const { data } = useQuery<Rows<Row>>({
    queryKey: [...rowsKey(noun), key],
    queryFn: skipToken,
    structuralSharing: false, // comparing ten thousand rows takes longer than drawing those on the screen
  });
  useEffect(() => {
    const queryKey = [...rowsKey(noun), key];
    const closing = new AbortController();
    const current = new RowKeeper(source, {
      get: () => queryClient.getQueryData<Rows<Row>>(queryKey),
      set: (rows) => void queryClient.setQueryData<Rows<Row>>(queryKey, rows),
    });
    keeper.current = current;
    const forgetChanges = changeFeed.listen((changes) => {
      const ids = changes.filter((change) => change.noun === noun).map(({ id }) => id);
      if (ids.length > 0) current.change(ids.includes(null) ? null : (ids as string[]));
    });
    const forgetSignIn = signedIn.subscribe(() => signedIn.get() === "yes" && current.retry());
    void current.run(closing.signal, { isHeard: changeFeed.isHeard() });
    return () => {
      closing.abort();
      forgetChanges();
      forgetSignIn();
    };
    // `source` is made by every render; all that it depends on is in `key`.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [queryClient, noun, key]);
  return {
    rows: data,
    retry: () => keeper.current?.retry(),
    lookAt: (isLookedAt) => keeper.current?.lookAt(isLookedAt),
  };
}
