/** Milliseconds. */
export interface Distribution {
  count: number;
  p50: number;
  p99: number;
}

/** By nearest rank; of fewer than a hundred samples, p99 is the largest. */
export function distributionOf(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99) };
}
