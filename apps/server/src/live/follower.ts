import { setTimeout as delay } from "node:timers/promises";
import { type Change, CHANGED_NOUNS } from "@berth/spec/live.ts";

/** Batches that follow each other keep this distance. */
const REST_MS = 100;
/** More of one noun are told as "any of them". */
const PER_NOUN = 500;

/**
 * What one caller has not been told of yet: each object once, however often it changed. It is bounded, so that one who
 * does not read costs no more than one who does.
 */
export class Follower {
  /** Null: any of the noun. */
  #waiting = new Map<Change["noun"], Set<string> | null>();
  #wake = (): void => undefined;
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  add(noun: Change["noun"], id: string | null): void {
    const ids = this.#waiting.get(noun);
    if (ids === null) return;
    if (id === null || (ids?.size ?? 0) >= PER_NOUN) this.#waiting.set(noun, null);
    else if (ids) ids.add(id);
    else this.#waiting.set(noun, new Set([id]));
    this.#wake();
  }

  /** Anything may have changed. */
  addAll(): void {
    for (const noun of CHANGED_NOUNS) this.add(noun, null);
  }

  async *batches(): AsyncGenerator<Change[], void> {
    while (!this.#signal.aborted) {
      if (this.#waiting.size > 0) {
        yield this.#take();
        await rest(this.#signal);
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  #take(): Change[] {
    const taken = this.#waiting;
    this.#waiting = new Map();
    return [...taken].flatMap(([noun, ids]): Change[] =>
      ids === null ? [{ noun, id: null }] : Array.from(ids, (id) => ({ noun, id })),
    );
  }
}

const rest = (signal: AbortSignal): Promise<void> =>
  delay(REST_MS, undefined, { signal }).catch((error: Error) => {
    if (!signal.aborted) throw error;
  });
