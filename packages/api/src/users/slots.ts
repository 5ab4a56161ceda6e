import { DomainError } from "@berth/spec/error-code.ts";

/** Runs work that takes much memory: `atOnce` at a time, and no more than `waiting` in line, else UNAVAILABLE. */
export function createSlots({ atOnce, waiting }: { atOnce: number; waiting: number }) {
  let running = 0;
  const line: (() => void)[] = [];
  return async function inSlot<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running < atOnce) running += 1;
    else if (line.length < waiting) await new Promise<void>((resolve) => line.push(resolve));
    else throw new DomainError("UNAVAILABLE", "Too much of this at once: try again in a moment.", { retry_after_s: 1 });
    try {
      return await work();
    } finally {
      // The slot passes to who is next in line, or is free.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
