import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 1_000;

/** Looks at a number of bytes as a page would, until `end`, which answers how many different ones there were, all rising. */
export function countSteps(look: () => Promise<number | null>): { end(): Promise<number> } {
  let isOver = false;
  const seen: number[] = [];
  const looking = (async () => {
    while (!isOver) {
      const bytes = await look();
      const before = seen.at(-1) ?? 0;
      if (bytes !== null && bytes < before) throw new Error(`the progress fell from ${before} to ${bytes} bytes`);
      if (bytes !== null && bytes > before) seen.push(bytes);
      await delay(LOOK_MS);
    }
  })();
  looking.catch(() => undefined); // told by `end`
  return {
    async end() {
      isOver = true;
      await looking;
      return seen.length;
    },
  };
}
