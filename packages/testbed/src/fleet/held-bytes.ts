import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onTestFinished } from "vitest";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const heldNow = (): number => {
  // What buffers held is given back behind a collection, and counted as such by the next one.
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Watches what this process holds, without its garbage. The function returned ends that, and answers the most it grew by. */
export function watchHeldBytes(): () => number {
  const before = heldNow();
  let peak = before;
  let next: NodeJS.Timeout | undefined;
  onTestFinished(() => clearTimeout(next));
  const look = (): void => {
    const begun = performance.now();
    peak = Math.max(peak, heldNow());
    // A look stops everything else: that has three times as long.
    next = setTimeout(look, 3 * (performance.now() - begun));
  };
  look();
  return () => {
    clearTimeout(next);
    return Math.max(peak, heldNow()) - before;
  };
}
