import type { Change } from "@berth/spec/live.ts";

const listeners = new Set<(changes: readonly Change[]) => void>();
let isHeard = false;

/** What the server tells to have changed, handed on within this page. */
export const changeFeed = {
  /** True once it was heard at all: what is read from then on is followed. */
  isHeard: (): boolean => isHeard,

  tell(changes: readonly Change[]): void {
    isHeard = true;
    for (const listener of listeners) listener(changes);
  },

  listen(listener: (changes: readonly Change[]) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};
