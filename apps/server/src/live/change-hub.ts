import type { ChangeFeed, Person } from "@berth/api/context.ts";
import type { Announced } from "@berth/db/changes/announce.ts";
import type { Change } from "@berth/spec/live.ts";
import { Follower } from "./follower.ts";

/** Hands what the database tells this server on to those who may see it. */
export class ChangeHub implements ChangeFeed {
  readonly #followers = new Map<Follower, Person>();

  /** The first batch says that anything may have changed: what did since the caller last asked was told to nobody. */
  async *follow(actor: Person, signal: AbortSignal): AsyncGenerator<Change[], void> {
    const follower = new Follower(signal);
    follower.addAll();
    const forget = (): boolean => this.#followers.delete(follower);
    this.#followers.set(follower, actor);
    // A generator that nobody asks any more does not reach its end.
    signal.addEventListener("abort", forget, { once: true });
    try {
      yield* follower.batches();
    } finally {
      signal.removeEventListener("abort", forget);
      forget();
    }
  }

  tell(changes: readonly Announced[]): void {
    for (const [follower, { role, user_id }] of this.#followers) {
      for (const [noun, id, audience] of changes) {
        if (role === "admin" || audience === null || audience.includes(user_id)) follower.add(noun, id);
      }
    }
  }

  /** Changes were lost. */
  tellAll(): void {
    for (const follower of this.#followers.keys()) follower.addAll();
  }

  get size(): number {
    return this.#followers.size;
  }
}
