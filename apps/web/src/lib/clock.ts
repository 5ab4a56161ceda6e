import { useSyncExternalStore } from "react";

/** One clock for all who look at it, which stands still while nobody does. */
export class Clock {
  readonly #listeners = new Set<() => void>();
  readonly #tickMs: number;
  #now = Date.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  /** As of its last tick. */
  get = (): number => {
    if (this.#timer === undefined && Date.now() - this.#now >= this.#tickMs) this.#now = Date.now();
    return this.#now;
  };

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#timer === undefined) {
      this.#now = Date.now();
      this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  #tick(): void {
    this.#now = Date.now();
    for (const listener of this.#listeners) listener();
  }
}

const clocks = { 1_000: new Clock(1_000), 10_000: new Clock(10_000) };

/** What time it is, and again after each tick. */
export function useNow(tickMs: keyof typeof clocks): number {
  const { subscribe, get } = clocks[tickMs];
  return useSyncExternalStore(subscribe, get);
}
