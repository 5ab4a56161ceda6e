import type { CallOptions } from "../engine.ts";
import { seconds } from "../transport/call-scope.ts";
import { RegistryError } from "./registry.ts";

export interface LifeLimits {
  /** Of the whole call, unless the caller asks for another. */
  deadlineMs?: number;
  /** Instead: how long nothing may move. A deadline that the caller asks for still counts for the whole. */
  stallMs?: number;
}

/** The life of one call: it ends by its deadline, its caller's signal or the registry's `close()`, whichever comes first. */
export class CallLife {
  readonly #controller = new AbortController();
  readonly #ended = Promise.withResolvers<never>();
  readonly #live: Set<CallLife>;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort = () => this.interrupt(new RegistryError("closed", "The call was cancelled."));
  readonly #deadline: NodeJS.Timeout | undefined;
  readonly #stallMs: number | undefined;
  #stall: NodeJS.Timeout | undefined;

  constructor(live: Set<CallLife>, { deadlineMs, signal }: CallOptions, limits: LifeLimits) {
    this.#live = live;
    this.#callerSignal = signal;
    this.#stallMs = limits.stallMs;
    this.#ended.promise.catch(() => {}); // an end that nobody waits for any more is no failure
    live.add(this);
    const wholeMs = deadlineMs ?? limits.deadlineMs;
    if (wholeMs !== undefined) this.#deadline = setTimeout(() => this.interrupt(tooLate(wholeMs)), wholeMs);
    this.move();
    if (signal?.aborted) this.#onCallerAbort();
    signal?.addEventListener("abort", this.#onCallerAbort, { once: true });
  }

  /** Aborted when the call is interrupted: whatever the call has open ends by it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something moved. */
  move(): void {
    clearTimeout(this.#stall);
    const limit = this.#stallMs;
    if (limit === undefined || this.signal.aborted) return;
    this.#stall = setTimeout(() => this.interrupt(tooLate(limit)), limit);
  }

  interrupt(error: RegistryError): void {
    if (this.signal.aborted) return;
    this.#ended.reject(error);
    this.#controller.abort(error);
  }

  /** Runs the call, no longer than it lives. Nothing of it stays behind, neither timer nor listener. */
  async run<T>(work: (life: CallLife) => Promise<T>): Promise<T> {
    try {
      this.signal.throwIfAborted();
      const working = work(this);
      working.catch(() => {}); // told by the race, unless the interruption came first
      return await Promise.race([working, this.#ended.promise]);
    } finally {
      clearTimeout(this.#deadline);
      clearTimeout(this.#stall);
      this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
      this.#live.delete(this);
      // What a failed call has left open, such as the other half of a copy, ends with it.
      this.#controller.abort(new RegistryError("closed", "The call has ended."));
    }
  }
}

function tooLate(limitMs: number): RegistryError {
  return new RegistryError("unreachable", `The registry did not answer within ${seconds(limitMs)}.`);
}
