/** Grows by doubling from `baseMs` to `maxMs`, jittered over its upper half: many keys never come back at once. */
export interface BackoffPolicy {
  baseMs: number;
  maxMs: number;
}

/** An engine or a network that failed. */
export const TRANSIENT: BackoffPolicy = { baseMs: 500, maxMs: 60_000 };
/** A container that keeps ending, an image that can't be pulled. */
export const CRASH_LOOP: BackoffPolicy = { baseMs: 10_000, maxMs: 300_000 };
/** What only a change can mend is still looked at now and then. */
export const TERMINAL_RECHECK_MS = 600_000;
/** Running as long as this forgives earlier crashes. */
export const HEALTHY_AFTER_MS = 600_000;

/** Before attempt `failures + 1`. `random` in 0…1. */
export function backoffMs(policy: BackoffPolicy, failures: number, random: number): number {
  if (failures <= 0) return 0;
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
  // Half is kept, or a crash loop could spin at the jitter's lower end.
  return Math.round(ceiling / 2 + random * (ceiling / 2));
}
