const FIRST_BYTES = 4 * 1024;
export const RING_BYTES = 256 * 1024;

/** The newest bytes that a terminal has printed, in memory that grows only as far as it prints. */
export class OutputRing {
  readonly #capacity: number;
  #bytes: Buffer;
  /** Where the next byte goes. */
  #end = 0;
  #isFull = false;

  constructor(capacity = RING_BYTES) {
    this.#capacity = capacity;
    this.#bytes = Buffer.allocUnsafe(Math.min(FIRST_BYTES, capacity));
  }

  push(bytes: Uint8Array): void {
    const newest = bytes.subarray(-this.#capacity);
    if (!this.#isFull) this.#makeRoom(this.#end + newest.length);
    const head = newest.subarray(0, this.#bytes.length - this.#end);
    this.#bytes.set(head, this.#end);
    this.#bytes.set(newest.subarray(head.length), 0);
    this.#isFull ||= this.#end + newest.length > this.#capacity;
    this.#end = (this.#end + newest.length) % this.#bytes.length;
    // Exactly full: the next byte is the first to go over an old one.
    if (newest.length > 0 && this.#end === 0) this.#isFull = true;
  }

  /** A copy of what is there, oldest first. What was cut never starts inside a character of UTF-8. */
  read(): Buffer {
    if (!this.#isFull) return Buffer.from(this.#bytes.subarray(0, this.#end));
    const all = Buffer.concat([this.#bytes.subarray(this.#end), this.#bytes.subarray(0, this.#end)]);
    let start = 0;
    while (start < 3 && isContinuation(all[start])) start += 1;
    return all.subarray(start);
  }

  #makeRoom(needed: number): void {
    if (needed < this.#bytes.length || this.#bytes.length === this.#capacity) return;
    const grown = Buffer.allocUnsafe(Math.min(this.#capacity, Math.max(needed + 1, this.#bytes.length * 2)));
    this.#bytes.copy(grown, 0, 0, this.#end);
    this.#bytes = grown;
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
