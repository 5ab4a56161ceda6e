import type { Claims } from "./access-token.ts";

export type KnownToken = Readonly<Claims & { expires_at: Date }>;

/**
 * What tokens say whose signature was found good: it stays good, and checking it costs more than the look-up of its user.
 * Nothing of a user is kept here: whether they may still use the token is asked of the database each time.
 */
export class KnownTokens {
  readonly #limit: number;
  readonly #tokens = new Map<string, KnownToken>();

  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  find(key: string): KnownToken | undefined {
    const known = this.#tokens.get(key);
    if (!known || known.expires_at.getTime() > Date.now()) return known;
    this.#tokens.delete(key);
    return undefined;
  }

  /** In place of the one that was remembered first, where there are too many. */
  remember(key: string, token: KnownToken): void {
    const [first] = this.#tokens.keys();
    if (this.#tokens.size >= this.#limit && first !== undefined) this.#tokens.delete(first);
    this.#tokens.set(key, token);
  }
}
