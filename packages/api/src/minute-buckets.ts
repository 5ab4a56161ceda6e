const WINDOW_MS = 60_000;
/** Beyond them the one that was used longest ago is forgotten, which is full again in all likelihood. */
const MOST_BUCKETS = 10_000;

/** A bucket of so many a minute for each key, which fills evenly. It is this process's own. */
export class MinuteBuckets<Key> {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets = new Map<Key, { left: number; at: number }>();

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Takes one: 0, or in how many seconds there is one where the bucket is empty. */
  take(key: Key): number {
    const left = this.#leftOf(key);
    this.#set(key, Math.max(0, left - 1));
    return left >= 1 ? 0 : Math.max(1, Math.ceil(((1 - left) * WINDOW_MS) / this.#perMinute / 1_000));
  }

  giveBack(key: Key): void {
    this.#set(key, Math.min(this.#perMinute, this.#leftOf(key) + 1));
  }

  #leftOf(key: Key): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return this.#perMinute;
    return Math.min(this.#perMinute, bucket.left + ((this.#now() - bucket.at) * this.#perMinute) / WINDOW_MS);
  }

  #set(key: Key, left: number): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, { left, at: this.#now() });
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > MOST_BUCKETS && !oldest.done) this.#buckets.delete(oldest.value);
  }
}
