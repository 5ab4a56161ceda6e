import { StringDecoder } from "node:string_decoder";
import { notDocker } from "../transport/failures.ts";

const MAX_LINE_LENGTH = 4 * 1024 * 1024;

/**
 * Cuts a byte stream into the JSON values of its lines, however the bytes were split on the way: in the middle of a
 * character, of a line, or with many lines at once. Throws `protocol` for what is not JSON, and for a line beyond all
 * measure.
 */
export class NdjsonParser {
  readonly #decoder = new StringDecoder("utf8");
  readonly #maxLineLength: number;
  /** The parts of a line whose end has not come; joined once, so that a long line costs no more than its length. */
  #pending: string[] = [];
  #pendingLength = 0;

  constructor(maxLineLength = MAX_LINE_LENGTH) {
    this.#maxLineLength = maxLineLength;
  }

  push(chunk: Buffer): NdjsonValue[] {
    return this.#take(this.#decoder.write(chunk));
  }

  /** The last line need not end in a newline. */
  end(): NdjsonValue[] {
    return this.#take(`${this.#decoder.end()}\n`);
  }

  #take(text: string): NdjsonValue[] {
    const values: NdjsonValue[] = [];
    let start = 0;
    for (let newline = text.indexOf("\n"); newline >= 0; newline = text.indexOf("\n", start)) {
      this.#keep(text.slice(start, newline));
      const line = this.#pending.join("").trim();
      this.#pending = [];
      this.#pendingLength = 0;
      if (line !== "") values.push({ value: parse(line), line });
      start = newline + 1;
    }
    if (start < text.length) this.#keep(text.slice(start));
    return values;
  }

  #keep(part: string): void {
    this.#pendingLength += part.length;
    if (this.#pendingLength > this.#maxLineLength)
      throw notDocker(`a line of more than ${this.#maxLineLength} characters`);
    this.#pending.push(part);
  }
}

export interface NdjsonValue {
  value: unknown;
  /** As it came: numbers beyond a double's precision are only here. */
  line: string;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw notDocker("a line that is not JSON", { cause });
  }
}

/** All values of a body, as they come. */
export async function* ndjsonValues(chunks: AsyncIterable<Buffer>): AsyncGenerator<NdjsonValue, void, void> {
  const parser = new NdjsonParser();
  for await (const chunk of chunks) yield* parser.push(chunk);
  yield* parser.end();
}
