import { EngineError } from "../engine.ts";

/** What ended a call before its answer was complete. */
export type Interruption = "deadline" | "signal" | "closed";

/**
 * The life of one call: its deadline, its caller's signal and the engine's `close()`, whichever comes first.
 * Whoever waits inside the call hears of it by {@link onInterrupt}, so that no wait outlives the call.
 */
export class CallScope {
  interruption: Interruption | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #callerSignal: AbortSignal | undefined;
  readonly #live: Set<CallScope>;
  readonly #onCallerAbort = () => this.interrupt("signal");
  #timer: NodeJS.Timeout | undefined;
  #deadlineMs = 0;
  #hasEnded = false;

  /** `live` is the engine's register of open calls; closing the engine interrupts each of them. */
  constructor(live: Set<CallScope>, deadlineMs: number, signal: AbortSignal | undefined) {
    this.#live = live;
    this.#callerSignal = signal;
    live.add(this);
    this.restart(deadlineMs);
    if (signal?.aborted) this.interrupt("signal");
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
  }

  /** Sets the deadline anew, counted from now: of the whole call, or of the next sign of life of a stream. */
  restart(deadlineMs: number): void {
    this.pause();
    if (this.interruption || this.#hasEnded) return;
    this.#deadlineMs = deadlineMs;
    this.#timer = setTimeout(() => this.interrupt("deadline"), deadlineMs);
  }

  /** Suspends the deadline: a quiet stream is no fault, and neither is a slow reader. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  interrupt(interruption: Interruption): void {
    if (this.interruption) return;
    this.interruption = interruption;
    this.pause();
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` at the interruption, at once if it has been. Returns what takes the listener away again. */
  onInterrupt(listener: () => void): () => void {
    if (this.interruption) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for `work` no longer than the call lives. The work itself goes on: others may wait for it too. */
  async race<T>(work: Promise<T>): Promise<T> {
    let forget = () => {};
    const interrupted = new Promise<never>((_, reject) => {
      forget = this.onInterrupt(() => reject(this.error(false)));
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      forget();
    }
  }

  /** The error of an interrupted call. `sent`: whether the request may have reached the engine. */
  error(sent: boolean): EngineError {
    switch (this.interruption) {
      case "signal":
        return new EngineError("closed", "The call was cancelled.", { sent });
      case "closed":
        return new EngineError("closed", "The connection to the Docker engine was closed.", { sent });
      default:
        return new EngineError("unreachable", `The Docker engine did not answer within ${seconds(this.#deadlineMs)}.`, {
          sent,
          timedOut: true,
        });
    }
  }

  /** Ends the scope: nothing of it stays behind, neither timer nor listener. */
  end(): void {
    this.pause();
    this.#hasEnded = true;
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
    this.#listeners.clear();
    this.#live.delete(this);
  }
}

/** 1500 → "1.5 s" */
export function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
