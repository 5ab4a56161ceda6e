import { DomainError } from "@berth/spec/error-code.ts";
import type { CallLimiter } from "./context.ts";
import { MinuteBuckets } from "./minute-buckets.ts";

const CALLS_PER_MINUTE = 3_000;
/** No browser, and few programs, have so many connections. */
const REQUESTS_AT_ONCE = 32;

/**
 * A bucket of a minute's calls for each account: it counts calls of procedures, by whatever door they come (a batch of
 * fifty is fifty). Each server counts for itself.
 */
export function createCallLimiter(callsPerMinute = CALLS_PER_MINUTE, now = () => performance.now()): CallLimiter {
  const buckets = new MinuteBuckets<number>(callsPerMinute, now);
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
      const retry_after_s = buckets.take(userId);
      if (retry_after_s === 0) return;
      throw new DomainError("TOO_MANY_REQUESTS", `Too many calls: try again in ${retry_after_s} seconds.`, {
        retry_after_s,
      });
    },
  };
}
