import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { DomainError } from "@berth/spec/error-code.ts";

/** A folder of 80,000 files. */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** How long a shell may stand still in the middle of an answer. What it does before it prints anything may take longer. */
const STALL_MS = 60_000;
/** The exit code and the line break that follow the mark. */
const STATUS_BYTES = 4;

export interface ShellAnswer {
  status: number;
  output: Buffer;
}

/**
 * A shell in the container that runs one line after the other: to ask it costs no new process of the engine. What it
 * prints may be anything, so that the end of an answer is told by a mark that nobody can guess.
 */
export class ShellLines {
  readonly #stdin: Writable;
  readonly #answers: AsyncIterator<ShellAnswer>;
  readonly #mark = randomBytes(16).toString("hex");
  #last: Promise<unknown> = Promise.resolve();

  constructor(stdin: Writable, stdout: Readable, stallMs = STALL_MS) {
    this.#stdin = stdin;
    this.#answers = this.#read(stdout, stallMs);
  }

  /** `script` has no line break. Throws where the shell has ended. */
  run(script: string): Promise<ShellAnswer> {
    const answer = this.#last.then(async () => {
      const line = `{ ${script}; } 2>/dev/null </dev/null; printf '\\n%s %d\\n' ${this.#mark} $?\n`;
      this.#stdin.write(Buffer.from(line, "latin1"));
      const { value, done } = await this.#answers.next();
      if (done) throw broken("The container's shell has ended.");
      return value;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  end(): void {
    this.#stdin.end();
  }

  async *#read(stdout: Readable, stallMs: number): AsyncGenerator<ShellAnswer, undefined> {
    const mark = Buffer.from(`\n${this.#mark} `);
    let held = Buffer.alloc(0);
    let length = 0;
    let stall: NodeJS.Timeout | undefined;
    try {
      for await (const chunk of stdout as AsyncIterable<Buffer>) {
        clearTimeout(stall);
        // The mark may have come in parts.
        const from = Math.max(0, length - mark.length - STATUS_BYTES);
        held = withRoom(held, length, chunk.length);
        chunk.copy(held, length);
        length += chunk.length;
        if (length > MAX_OUTPUT_BYTES)
          throw broken(
            "The container's shell answers too much: a folder of so many files can't be had over sftp here.",
          );
        const said = held.subarray(0, length);
        const at = said.indexOf(mark, from);
        const end = at < 0 ? -1 : said.indexOf("\n", at + mark.length);
        if (end < 0) {
          const stalled = broken("The container's shell stands still in the middle of an answer.");
          stall = setTimeout(() => stdout.destroy(stalled), stallMs);
          continue;
        }
        held = Buffer.from(said.subarray(end + 1));
        length = held.length;
        yield { status: Number(said.subarray(at + mark.length, end).toString()), output: said.subarray(0, at) };
      }
      return undefined;
    } finally {
      clearTimeout(stall);
    }
  }
}

const broken = (message: string): DomainError => new DomainError("UNAVAILABLE", message);

/** The same bytes, with room for more behind the first `length`: it doubles, so that each is copied a few times at most. */
function withRoom(held: Buffer<ArrayBuffer>, length: number, more: number): Buffer<ArrayBuffer> {
  if (length + more <= held.length) return held;
  const larger = Buffer.alloc(Math.max(length + more, 2 * held.length));
  held.copy(larger, 0, 0, length);
  return larger;
}

/** One word of a shell, whatever is in it but a line break. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
