import { DomainError } from "@berth/spec/error-code.ts";
import type { CallLimiter } from "./context.ts";

const CALLS_PER_MINUTE = 3_000;
const WINDOW_MS = 60_000;
/** No browser, and few programs, have so many connections. */
const REQUESTS_AT_ONCE = 32;
/** Accounts whose bucket is full again are forgotten before the map grows large. */
const SWEEP_AT = 10_000;

/**
 * A bucket of a minute's calls for each account, which fills evenly: it counts calls of procedures, by whatever door
 * they come (a batch of fifty is fifty). Each server counts for itself.
 */
export function createCallLimiter(callsPerMinute = CALLS_PER_MINUTE, now = () => performance.now()): CallLimiter {
  const buckets = new Map<number, { left: number; at: number }>();
  const perMs = callsPerMinute / WINDOW_MS;
  const underWay = new Map<number, number>();
  return {
    begin(userId) {
      const others = underWay.get(userId) ?? 0;
      if (others >= REQUESTS_AT_ONCE) {
        const message = `At most ${REQUESTS_AT_ONCE} requests at once: wait for the answers to some.`;
        throw new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s: 1 });
      }
      underWay.set(userId, others + 1);
      return () => {
        const left = (underWay.get(userId) ?? 1) - 1;
        if (left > 0) underWay.set(userId, left);
        else underWay.delete(userId);
      };
    },
    count(userId) {
      const at = now();
      const before = buckets.get(userId);
      const left = before ? Math.min(callsPerMinute, before.left + (at - before.at) * perMs) : callsPerMinute;
      buckets.set(userId, { left: Math.max(0, left - 1), at });
      if (buckets.size > SWEEP_AT) {
        for (const [id, bucket] of buckets) if (at - bucket.at > WINDOW_MS) buckets.delete(id);
      }
      if (left >= 1) return;
      const retry_after_s = Math.max(1, Math.ceil((1 - left) / perMs / 1_000));
      throw new DomainError("TOO_MANY_REQUESTS", `Too many calls: try again in ${retry_after_s} seconds.`, {
        retry_after_s,
      });
    },
  };
}
