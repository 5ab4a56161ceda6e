/** Opens after so many calls in a row that the engine did not answer. */
const MISSES_TO_OPEN = 3;

export interface Breaker {
  readonly isOpen: boolean;
  /** An engine that answers, whatever it says, is there. */
  recordAnswer(): void;
  /** True where this miss opened it. */
  recordMiss(): boolean;
  close(): void;
}

export function createBreaker(): Breaker {
  let misses = 0;
  let isOpen = false;
  return {
    get isOpen() {
      return isOpen;
    },
    recordAnswer() {
      misses = 0;
    },
    recordMiss() {
      misses += 1;
      if (isOpen || misses < MISSES_TO_OPEN) return false;
      isOpen = true;
      return true;
    },
    close() {
      misses = 0;
      isOpen = false;
    },
  };
}

/**
 * How long a probe waits after so many in a row that nothing came back to: a silent network may last for minutes, and an
 * engine that refuses (none in a row) comes back in seconds. One that starts up is silent for a moment between the two.
 */
export const probeDelayMs = (silences: number): number => Math.min(30_000, 1_000 * 2 ** Math.min(silences, 10));
