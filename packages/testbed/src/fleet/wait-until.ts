import { setTimeout as delay } from "node:timers/promises";

/** Asks every 20 ms until `condition` holds; throws `what` after `timeoutMs`. What `condition` throws passes through. */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(20);
  }
}
