import type { CallOptions } from "../engine.ts";

/** What is left of the one deadline that all requests of a call of several steps share. */
export function countdown(
  { deadlineMs, signal }: CallOptions,
  defaultMs: number,
): () => CallOptions & { deadlineMs: number } {
  const end = performance.now() + (deadlineMs ?? defaultMs);
  return () => ({ deadlineMs: Math.max(0, end - performance.now()), ...(signal ? { signal } : {}) });
}

/** How long the next sign of life may take: the stall limit, or what is left of a total limit that was asked for. */
export function stallCountdown(
  { deadlineMs, stallTimeoutMs }: CallOptions & { stallTimeoutMs?: number },
  defaultStallMs: number,
): () => number {
  const stallMs = stallTimeoutMs ?? defaultStallMs;
  if (deadlineMs === undefined) return () => stallMs;
  const end = performance.now() + deadlineMs;
  return () => Math.max(0, Math.min(stallMs, end - performance.now()));
}
