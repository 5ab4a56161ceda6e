const FLUSH_MS = 300;
/** More than this waiting means that the database is slower than the build: the middle is left out. */
const BACKLOG_CHARACTERS = 256 * 1_024;
const LEFT_OUT = "\n… some output was left out: it came faster than it could be kept …\n";

/** Gathers what a build prints, and keeps it in pieces. */
export interface ImageLog {
  add(text: string): void;
  /** All of it has been kept, or could not be. */
  end(): Promise<void>;
}

export function createImageLog(keep: (text: string) => Promise<void>, onFailure: (error: unknown) => void): ImageLog {
  let waiting = "";
  let timer: NodeJS.Timeout | undefined;
  let keeping: Promise<void> | null = null;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    keeping ??= write().finally(() => {
      keeping = null;
      if (waiting !== "") schedule();
    });
    return keeping;
  }

  async function write(): Promise<void> {
    const text = waiting;
    waiting = "";
    if (text === "") return;
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
      waiting += text;
      if (waiting.length > BACKLOG_CHARACTERS) {
        const half = BACKLOG_CHARACTERS / 4;
        waiting = waiting.slice(0, half) + LEFT_OUT + waiting.slice(-half);
      }
      schedule();
    },
    async end() {
      while (waiting !== "" || keeping) await flush();
      clearTimeout(timer);
    },
  };
}
