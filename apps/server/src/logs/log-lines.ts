/** `2026-01-02T03:04:05.000000006Z `: what engines write before each message where they are asked for times. */
const STAMP_BYTES = 31;
/** Engines cut a longer line in messages of this size, and stamp all of them with the time of the first. */
const PART_BYTES = 16 * 1024;
/** How far a machine's clock may be ahead of ours. */
const CLOCK_MS = 60_000;
const NEWLINE = 10;
const SHAPE = "dddd-dd-ddTdd:dd:dd.dddddddddZ ";

/** How far a reader has come: what it has of the stream's newest message. */
export interface LogPoint {
  stamp: string;
  /** Of a line that has not ended; null behind its end. */
  openBytes: number | null;
}

/**
 * Reads one stream (stdout or stderr) of a log with times: takes the times away where nobody asked for them, and leaves
 * out what was read before a {@link LogPoint}, to the byte.
 *
 * A stamp stands at the start of each line. Inside one it also stands before each further part of a long line, and where
 * a command ended without a newline and the next one has begun. Its message was there before it was stamped, so that no
 * program can print a time of now that is later than its own line's stamp: a later one is a new message, unless it is of
 * the future, as the end of a lease.
 */
export class LogLines {
  readonly #showsTimes: boolean;
  readonly #now: () => number;
  #skipTo: LogPoint | null;
  /** Null at the start of a line. */
  #stamp: string | null = null;
  #lineBytes = 0;
  /** What may turn out to be a stamp. */
  #held: Buffer = Buffer.alloc(0);
  #point: LogPoint | null;

  constructor(showsTimes: boolean, after: LogPoint | null = null, now: () => number = Date.now) {
    this.#showsTimes = showsTimes;
    this.#now = now;
    this.#skipTo = after;
    this.#point = after;
  }

  /** After everything that {@link push} has answered. */
  get point(): LogPoint | null {
    return this.#point;
  }

  push(chunk: Uint8Array): Buffer {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : asBuffer(chunk);
    const out: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      const next = this.#stamp === null ? this.#startLine(bytes, at, out) : this.#readLine(bytes, at, out);
      if (next === at) break;
      at = next;
    }
    this.#held = bytes.subarray(at);
    return out.length === 1 && out[0] ? out[0] : Buffer.concat(out);
  }

  /** What was held back to the end is no stamp. */
  end(): Buffer {
    const out: Buffer[] = [];
    this.#pass(this.#held, out);
    this.#held = Buffer.alloc(0);
    return Buffer.concat(out);
  }

  #startLine(bytes: Buffer, at: number, out: Buffer[]): number {
    if (bytes.length - at < STAMP_BYTES) return at;
    const stamp = stampAt(bytes, at);
    // An engine that does not stamp a line after all: it belongs to the message before.
    if (stamp === null) return this.#readLine(bytes, at, out);
    this.#begin(stamp, out);
    return at + STAMP_BYTES;
  }

  #begin(stamp: string, out: Buffer[]): void {
    this.#stamp = stamp;
    this.#lineBytes = 0;
    if (this.#skipTo && stamp <= this.#skipTo.stamp) return;
    this.#point = { stamp, openBytes: 0 };
    if (this.#showsTimes) out.push(Buffer.from(`${stamp} `));
  }

  /** Passes on up to the line's end, a stamp inside it, or what might be the beginning of one. */
  #readLine(bytes: Buffer, from: number, out: Buffer[]): number {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline < 0 ? bytes.length : newline + 1;
    for (let at = bytes.indexOf("Z ", from + STAMP_BYTES - 2); at >= 0 && at < end; at = bytes.indexOf("Z ", at + 1)) {
      const start = at - STAMP_BYTES + 2;
      const stamp = stampAt(bytes, start);
      if (stamp === null || !this.#isOfAMessage(stamp, this.#lineBytes + start - from)) continue;
      // Known only where the next line has come already: one that is shown at once can't wait for it.
      const next = newline < 0 ? null : stampAt(bytes, end);
      if (next !== null && next < stamp) continue;
      this.#pass(bytes.subarray(from, start), out);
      if (stamp !== this.#stamp) this.#begin(stamp, out);
      return start + STAMP_BYTES;
    }
    if (newline < 0) {
      const open = end - openStampBytes(bytes, Math.max(from, end - STAMP_BYTES + 1));
      this.#pass(bytes.subarray(from, open), out);
      return open;
    }
    this.#pass(bytes.subarray(from, end), out);
    if (this.#stamp !== null) this.#point = { stamp: this.#stamp, openBytes: null };
    if (this.#skipTo && this.#stamp !== null && this.#stamp > this.#skipTo.stamp) this.#skipTo = null;
    this.#stamp = null;
    return end;
  }

  #isOfAMessage(stamp: string, offset: number): boolean {
    if (this.#stamp === null || stamp < this.#stamp) return false;
    if (stamp === this.#stamp) return offset > 0 && offset % PART_BYTES === 0;
    // It was seen to have ended with its newline, and so with its own message.
    const wasReadToItsEnd = this.#skipTo?.openBytes === null && this.#stamp === this.#skipTo.stamp;
    return !wasReadToItsEnd && stamp <= new Date(this.#now() + CLOCK_MS).toISOString();
  }

  #pass(bytes: Buffer, out: Buffer[]): void {
    const skipped = Math.min(bytes.length, Math.max(0, this.#skipsBytes() - this.#lineBytes));
    this.#lineBytes += bytes.length;
    if (skipped < bytes.length) out.push(bytes.subarray(skipped));
    if (this.#stamp !== null && bytes.length > skipped)
      this.#point = { stamp: this.#stamp, openBytes: this.#lineBytes };
  }

  /** How many bytes of the line at hand were read before. */
  #skipsBytes(): number {
    if (!this.#skipTo || this.#stamp === null || this.#stamp > this.#skipTo.stamp) return 0;
    if (this.#stamp < this.#skipTo.stamp) return Number.POSITIVE_INFINITY;
    return this.#skipTo.openBytes ?? Number.POSITIVE_INFINITY;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function stampAt(bytes: Buffer, at: number): string | null {
  if (at + STAMP_BYTES > bytes.length) return null;
  for (let index = 0; index < STAMP_BYTES; index += 1) if (!fits(bytes[at + index], index)) return null;
  return bytes.toString("latin1", at, at + STAMP_BYTES - 1);
}

/** How many of the last bytes may be the beginning of a stamp. */
function openStampBytes(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    let length = 0;
    while (at + length < bytes.length && fits(bytes[at + length], length)) length += 1;
    if (at + length === bytes.length) return length;
  }
  return 0;
}

function fits(byte: number | undefined, index: number): boolean {
  if (byte === undefined) return false;
  return SHAPE[index] === "d" ? byte >= 48 && byte <= 57 : byte === SHAPE.charCodeAt(index);
}
