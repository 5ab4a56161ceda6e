import type { Stdin } from "./stdin.ts";

const INTERRUPT = 3;
const END_OF_INPUT = 4;
const BACKSPACES = new Set([8, 127]);
const RETURN = 13;
const NEWLINE = 10;

/** A terminal's line discipline: what is typed is echoed, and reaches the process line by line. `stty` changes both. */
export class Terminal {
  readonly #stdin: Stdin;
  readonly #show: (text: string | Uint8Array) => void;
  readonly #interrupt: () => void;
  #line: number[] = [];
  /** Bytes pass as they are, in both directions. */
  isRaw = false;
  hasEcho = true;
  size = { cols: 0, rows: 0 };

  constructor(stdin: Stdin, echo: (text: string | Uint8Array) => void, interrupt: () => void) {
    this.#stdin = stdin;
    this.#show = echo;
    this.#interrupt = interrupt;
  }

  input(bytes: Uint8Array): void {
    if (this.isRaw) {
      this.#echo(bytes);
      return this.#stdin.push(bytes);
    }
    for (const byte of bytes) this.#type(byte);
  }

  #echo(text: string | Uint8Array): void {
    if (this.hasEcho) this.#show(text);
  }

  #type(byte: number): void {
    if (byte === INTERRUPT) {
      this.#line = [];
      this.#echo("^C\n");
      this.#interrupt();
    } else if (byte === END_OF_INPUT) {
      if (this.#line.length === 0) this.#stdin.end();
    } else if (BACKSPACES.has(byte)) {
      if (this.#line.pop() !== undefined) this.#echo("\b \b");
    } else if (byte === RETURN || byte === NEWLINE) {
      this.#echo("\n");
      this.#stdin.push(Buffer.from([...this.#line, NEWLINE]));
      this.#line = [];
    } else {
      this.#line.push(byte);
      this.#echo(Uint8Array.of(byte));
    }
  }
}

/** A terminal ends each line with a carriage return too. */
export function asOnScreen(bytes: Uint8Array): Uint8Array {
  return bytes.includes(NEWLINE)
    ? Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\n", "\r\n"), "latin1")
    : bytes;
}
