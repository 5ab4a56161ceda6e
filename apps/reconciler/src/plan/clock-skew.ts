const SKEWED_MS = 30_000;
const RIGHT_MS = 25_000;
/** A reading that was long on its way looks like a clock that is behind. */
const READINGS_TO_BELIEVE = 2;

export interface ClockSkew {
  isSkewed: boolean;
  offsetMs: number;
  /** Readings in a row that say otherwise than `isSkewed`. */
  doubts: number;
}

export const NO_SKEW: ClockSkew = { isSkewed: false, offsetMs: 0, doubts: 0 };

/** `offsetMs` is how far the machine's clock is ahead of ours, by one more reading. */
export function nextSkew({ isSkewed, doubts }: ClockSkew, offsetMs: number): ClockSkew {
  const saysOtherwise = isSkewed ? Math.abs(offsetMs) < RIGHT_MS : Math.abs(offsetMs) > SKEWED_MS;
  if (!saysOtherwise) return { isSkewed, offsetMs, doubts: 0 };
  if (doubts + 1 < READINGS_TO_BELIEVE) return { isSkewed, offsetMs, doubts: doubts + 1 };
  return { isSkewed: !isSkewed, offsetMs, doubts: 0 };
}
