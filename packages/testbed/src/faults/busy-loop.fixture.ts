import { existsSync } from "node:fs";

/**
 * Preloaded into a process: SIGUSR2 then keeps its event loop busy for half a minute, which is much longer than a lease, and
 * on until the file exists that `?until=` names. Where a failed test makes none, it ends all the same.
 */
const file = new URL(import.meta.url).searchParams.get("until") ?? "";
process.on("SIGUSR2", () => {
  const began = performance.now();
  const isOver = (): boolean => {
    const tookMs = performance.now() - began;
    return tookMs > 100_000 || (tookMs > 30_000 && existsSync(file));
  };
  while (!isOver());
});
