import type { CallOptions } from "../engine.ts";

/** What is left of the one deadline that all requests of a call of several steps share. */
export function countdown(
  { deadlineMs, signal }: CallOptions,
  defaultMs: number,
): () => CallOptions & { deadlineMs: number } {
  const end = performance.now() + (deadlineMs ?? defaultMs);
  return () => ({ deadlineMs: Math.max(0, end - performance.now()), ...(signal ? { signal } : {}) });
}
