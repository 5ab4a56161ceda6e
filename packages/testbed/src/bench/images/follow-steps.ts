import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 1_000;

export interface SeenTransfer {
  /** Null where nothing is told. */
  bytes: number | null;
  isOver: boolean;
}

/** Looks at a transfer as a page would until it is over, and answers how many different amounts of bytes it saw, all rising. */
export async function followSteps(look: () => Promise<SeenTransfer>, timeoutMs: number): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const seen: number[] = [];
  for (;;) {
    const { bytes, isOver } = await look();
    if (isOver) return seen.length;
    const before = seen.at(-1) ?? 0;
    if (bytes !== null && bytes < before) throw new Error(`the progress fell from ${before} to ${bytes} bytes`);
    if (bytes !== null && bytes > before) seen.push(bytes);
    if (performance.now() > deadline) throw new Error(`not over after ${timeoutMs} ms, with ${before} bytes`);
    await delay(LOOK_MS);
  }
}

/** The same beside what the caller does, until `end`, which answers the steps. */
export function countSteps(look: () => Promise<number | null>): { end(): Promise<number> } {
  let isOver = false;
  const following = followSteps(async () => ({ bytes: await look(), isOver }), Number.POSITIVE_INFINITY);
  following.catch(() => undefined); // told by `end`
  return {
    end() {
      isOver = true;
      return following;
    },
  };
}
