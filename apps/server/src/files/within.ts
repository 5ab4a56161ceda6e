import { DomainError } from "@berth/spec/error-code.ts";

/** Waits for one step of a transfer; UNAVAILABLE where it takes longer. */
export async function within<Result>(ms: number, step: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(stalled(ms)), ms);
  try {
    return await Promise.race([step, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A transfer of which nothing has moved for so long. */
export function stalled(ms: number): DomainError {
  const message = `Nothing has moved for ${Math.round(ms / 1_000)} seconds, and the transfer was given up: try again.`;
  return new DomainError("UNAVAILABLE", message);
}
