import type { Change } from "@berth/spec/live.ts";

const listeners = new Set<(changes: readonly Change[]) => void>();
let isHeard = false;

/** What has changed, handed on within this page. */
export const changeFeed = {
  /** True once the server was heard at all: what is read from then on is followed. */
  isHeard: (): boolean => isHeard,

  /** What the server tells. */
  hear(changes: readonly Change[]): void {
    isHeard = true;
    changeFeed.tell(changes);
  },

  /** What this page knows by itself: it has asked for it. */
  tell(changes: readonly Change[]): void {
    for (const listener of listeners) listener(changes);
  },

  listen(listener: (changes: readonly Change[]) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};
