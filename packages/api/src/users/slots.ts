import { DomainError } from "@berth/spec/error-code.ts";
import pLimit from "p-limit";

/** Runs work that takes much memory: `atOnce` at a time, and no more than `waiting` in line, else UNAVAILABLE. */
export function createSlots({ atOnce, waiting }: { atOnce: number; waiting: number }) {
  const limit = pLimit(atOnce);
  return async function inSlot<Result>(work: () => Promise<Result>): Promise<Result> {
    if (limit.activeCount + limit.pendingCount < atOnce + waiting) return limit(work);
    throw new DomainError("UNAVAILABLE", "Too much of this at once: try again in a moment.", { retry_after_s: 1 });
  };
}
