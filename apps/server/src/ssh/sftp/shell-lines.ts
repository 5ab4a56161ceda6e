import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

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

  constructor(stdin: Writable, stdout: Readable) {
    this.#stdin = stdin;
    this.#answers = this.#read(stdout);
  }

  /** `script` has no line break. Throws where the shell has ended. */
  run(script: string): Promise<ShellAnswer> {
    const answer = this.#last.then(async () => {
      const line = `{ ${script}; } 2>/dev/null </dev/null; printf '\\n%s %d\\n' ${this.#mark} $?\n`;
      this.#stdin.write(Buffer.from(line, "latin1"));
      const { value, done } = await this.#answers.next();
      if (done) throw new Error("the shell has ended");
      return value;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  end(): void {
    this.#stdin.end();
  }

  async *#read(stdout: Readable): AsyncGenerator<ShellAnswer, undefined> {
    const mark = Buffer.from(`\n${this.#mark} `);
    let held = Buffer.alloc(0);
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      // The mark may have come in parts.
      const from = Math.max(0, held.length - mark.length - 4);
      held = Buffer.concat([held, chunk]);
      if (held.length > MAX_OUTPUT_BYTES) throw new Error("the shell's answer is too long");
      const at = held.indexOf(mark, from);
      const end = at < 0 ? -1 : held.indexOf("\n", at + mark.length);
      if (end < 0) continue;
      const output = held.subarray(0, at);
      const status = Number(held.subarray(at + mark.length, end).toString());
      held = held.subarray(end + 1);
      yield { status, output };
    }
    return undefined;
  }
}

/** One word of a shell, whatever is in it but a line break. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
