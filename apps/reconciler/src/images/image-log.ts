const FLUSH_MS = 300;
/** More than this waiting means that the database is slower than the build: the middle is left out. */
const BACKLOG_CHARACTERS = 256 * 1_024;
/** Of its beginning, and of its end. */
const KEPT_CHARACTERS = BACKLOG_CHARACTERS / 4;
const LEFT_OUT = "\n… some output was left out: it came faster than it could be kept …\n";

/** Gathers what a build prints, and keeps it in pieces. */
export interface ImageLog {
  add(text: string): void;
  /** All of it has been kept, or could not be. */
  end(): Promise<void>;
}

export function createImageLog(keep: (text: string) => Promise<void>, onFailure: (error: unknown) => void): ImageLog {
  let waiting = new Backlog();
  let timer: NodeJS.Timeout | undefined;
  let keeping: Promise<void> | null = null;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    keeping ??= write().finally(() => {
      keeping = null;
      if (!waiting.isEmpty) schedule();
    });
    return keeping;
  }

  async function write(): Promise<void> {
    if (waiting.isEmpty) return;
    const text = waiting.text();
    waiting = new Backlog();
    try {
      await keep(text);
    } catch (error) {
      onFailure(error);
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), FLUSH_MS);
  }

  return {
    add(text) {
      waiting.add(text);
      schedule();
    },
    async end() {
      while (!waiting.isEmpty || keeping) await flush();
      clearTimeout(timer);
    },
  };
}

/**
 * What waits to be kept: all of it, or its beginning and its end. In pieces, as one string that is lengthened and cut for
 * each line is megabytes of garbage per second.
 */
class Backlog {
  /** Never cut. */
  readonly #first: string[] = [];
  #firstLength = 0;
  /** Cut in front. */
  #last: string[] = [];
  #lastLength = 0;
  #isCut = false;

  get isEmpty(): boolean {
    return this.#firstLength + this.#lastLength === 0;
  }

  add(text: string): void {
    if (this.#lastLength === 0 && this.#firstLength + text.length <= KEPT_CHARACTERS) {
      this.#first.push(text);
      this.#firstLength += text.length;
      return;
    }
    this.#last.push(text);
    this.#lastLength += text.length;
    if (this.#firstLength + this.#lastLength > BACKLOG_CHARACTERS) this.#cut();
  }

  /** Leaves the last pieces that are no longer than is kept; of one that is longer, its end. */
  #cut(): void {
    let from = this.#last.length;
    let length = 0;
    while (from > 0 && length + this.#last[from - 1]!.length <= KEPT_CHARACTERS) length += this.#last[--from]!.length;
    const longest = from === this.#last.length ? this.#last.at(-1)!.slice(-KEPT_CHARACTERS) : null;
    this.#last = longest === null ? this.#last.slice(from) : [longest];
    this.#lastLength = longest?.length ?? length;
    this.#isCut = true;
  }

  text(): string {
    return [...this.#first, ...(this.#isCut ? [LEFT_OUT] : []), ...this.#last].join("");
  }
}
