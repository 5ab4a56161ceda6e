import { Duplex, type Readable, type Writable } from "node:stream";

/** What a connection is made of. */
export interface ConnectionEnds {
  readable: Readable;
  writable: Writable;
  /** Gives it up, whatever is under way. */
  end: () => void;
}

/**
 * A TCP connection by any way, with what `http.Agent` asks of a socket. Back-pressure reaches the other end in both
 * directions. Either side's end closes it; it is destroyed with the error that broke it.
 */
export class ReachConnection extends Duplex {
  readonly #ends: ConnectionEnds;
  #idleMs = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(ends: ConnectionEnds) {
    super({ allowHalfOpen: false });
    this.#ends = ends;
    const { readable, writable } = ends;
    readable.on("data", (chunk: Buffer) => {
      this.#touch();
      if (!this.push(chunk)) readable.pause();
    });
    readable.once("end", () => this.push(null));
    const broken = (error: Error): void => void this.destroy(error);
    readable.on("error", broken);
    if (writable !== (readable as unknown)) writable.on("error", broken);
    readable.once("close", () => {
      if (!readable.readableEnded) this.destroy();
    });
  }

  override _read(): void {
    this.#ends.readable.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#touch();
    this.#ends.writable.write(chunk, (error) => done(error));
  }

  override _final(done: () => void): void {
    const { writable } = this.#ends;
    if (writable.destroyed) return done(); // Node would never say that the end of such a one has come
    const finished = Promise.withResolvers<void>();
    writable.once("close", finished.resolve);
    writable.end(() => finished.resolve());
    void finished.promise.then(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#idleTimer);
    this.#ends.end();
    done(error);
  }

  /** Emits `timeout` after so long without a byte in either direction; 0 never. */
  setTimeout(ms: number): this {
    this.#idleMs = ms;
    this.#touch();
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #touch(): void {
    clearTimeout(this.#idleTimer);
    if (this.#idleMs === 0 || this.destroyed) return;
    this.#idleTimer = setTimeout(() => this.emit("timeout"), this.#idleMs).unref();
  }
}
