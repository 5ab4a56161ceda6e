import type { Change } from "@berth/spec/live.ts";
import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { changeFeed } from "./change-feed.ts";
import { trpcClient, useTRPC } from "./trpc.ts";

/** However many changes come, what is on the page is asked for again no more often than this, and less where that takes long. */
const PAUSE_MS = 1_000;
const PAUSE_PER_ANSWER = 4;

/** Asks again for what is shown when the server tells that it may have changed; after a loss it says so of everything. */
export function useFollowChanges(): void {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  useEffect(() => {
    /** Null: any of the noun. */
    let waiting = new Map<Change["noun"], Set<string> | null>();
    let timer: number | undefined;
    let isAsking = false;
    let restUntil = 0;
    const flush = async (): Promise<void> => {
      timer = undefined;
      isAsking = true;
      const beganAt = performance.now();
      const told = waiting;
      waiting = new Map();
      await Promise.allSettled(
        Array.from(told, ([noun, ids]) =>
          queryClient.invalidateQueries({
            ...trpc[noun].pathFilter(),
            predicate: (query) => isAbout(query, noun, ids),
          }),
        ),
      );
      isAsking = false;
      const now = performance.now();
      restUntil = now + Math.max(PAUSE_MS, PAUSE_PER_ANSWER * (now - beganAt));
      plan();
    };
    const plan = (): void => {
      if (isAsking || waiting.size === 0) return;
      timer ??= window.setTimeout(() => void flush(), Math.max(0, restUntil - performance.now()));
    };
    const following = trpcClient.live.changes.subscribe(undefined, {
      onData(changes) {
        changeFeed.hear(changes);
        for (const { noun, id } of changes) {
          const ids = waiting.get(noun);
          if (id === null) waiting.set(noun, null);
          else if (ids === undefined) waiting.set(noun, new Set([id]));
          else ids?.add(id);
        }
        plan();
      },
    });
    return () => {
      following.unsubscribe();
      clearTimeout(timer);
    };
  }, [trpc, queryClient]);
}

/** What was asked of one object by its id is not asked again for others. */
function isAbout({ queryKey }: Query, noun: Change["noun"], ids: ReadonlySet<string> | null): boolean {
  const { input } = (queryKey[1] ?? {}) as { input?: Record<string, unknown> };
  const id = input?.[`${noun}_id`];
  return ids === null || (typeof id !== "number" && typeof id !== "string") || ids.has(String(id));
}
