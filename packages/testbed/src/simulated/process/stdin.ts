/** As much as the kernel keeps of a pipe. */
const CAPACITY = 64 * 1024;

/** What a process reads: bytes that clients push, until someone ends it. */
export class Stdin {
  #buffered: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #wake: (() => void) | null = null;
  #wasTaken: (() => void)[] = [];

  static of(content: Uint8Array): Stdin {
    const stdin = new Stdin();
    stdin.push(content);
    stdin.end();
    return stdin;
  }

  push(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    this.#wake?.();
  }

  /** Resolves once the process has read enough for more to be pushed: never, where it reads no more. */
  async hasRoom(): Promise<void> {
    while (this.#buffered.length >= CAPACITY) await new Promise<void>((resolve) => this.#wasTaken.push(resolve));
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** One line without its end, or null at the end of the input. */
  async readLine(): Promise<string | null> {
    for (;;) {
      const end = this.#buffered.indexOf(10);
      if (end >= 0)
        return this.#take(end + 1)
          .toString()
          .replace(/\r?\n$/, "");
      if (this.#isEnded) return this.#buffered.length > 0 ? this.#take(this.#buffered.length).toString() : null;
      await this.#more();
    }
  }

  /** Whatever is there, or null at the end of the input. */
  async read(): Promise<Uint8Array | null> {
    while (this.#buffered.length === 0 && !this.#isEnded) await this.#more();
    return this.#buffered.length > 0 ? this.#take(this.#buffered.length) : null;
  }

  #take(length: number): Buffer {
    const taken = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    for (const wake of this.#wasTaken.splice(0)) wake();
    return taken;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}
