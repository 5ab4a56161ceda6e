/** How often one address may come and not be let in before it is sent away at once. */
export interface AttemptLimits {
  perAddress: number;
  windowMs: number;
}

const MOST_ADDRESSES = 10_000;

/**
 * Counts connections that nobody was let in by, for each address. Keys can't be guessed: this keeps strangers from costing
 * us their key exchanges. It is this server's own, and a stranger can't lock anybody of another address out.
 */
export class FailedAttempts {
  readonly #limits: AttemptLimits;
  readonly #now: () => number;
  readonly #times = new Map<string, number[]>();

  constructor(limits: AttemptLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  isTooMany(address: string): boolean {
    return this.#recent(address).length >= this.#limits.perAddress;
  }

  add(address: string): void {
    const times = [...this.#recent(address), this.#now()].slice(-this.#limits.perAddress);
    this.#times.delete(address);
    this.#times.set(address, times);
    const oldest = this.#times.keys().next();
    if (this.#times.size > MOST_ADDRESSES && oldest.value !== undefined) this.#times.delete(oldest.value);
  }

  #recent(address: string): number[] {
    const since = this.#now() - this.#limits.windowMs;
    return (this.#times.get(address) ?? []).filter((time) => time > since);
  }
}
