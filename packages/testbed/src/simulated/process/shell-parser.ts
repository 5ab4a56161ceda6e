/** The part of the shell's language that containers of tests and of the demo use. */
export type ShellNode =
  | { kind: "simple"; words: Word[]; redirects: Redirect[] }
  | { kind: "sequence"; first: ShellNode; then: ShellNode }
  | { kind: "and" | "or"; first: ShellNode; then: ShellNode }
  | { kind: "pipe"; first: ShellNode; then: ShellNode }
  | { kind: "background"; body: ShellNode }
  | { kind: "while"; isUntil: boolean; condition: ShellNode; body: ShellNode }
  | { kind: "if"; condition: ShellNode; body: ShellNode; otherwise: ShellNode | null };

/** A word is what stands between blanks: pieces of text and variables. */
export type Word = WordPiece[];
export type WordPiece = { text: string } | { variable: string };

export interface Redirect {
  stream: "stdin" | "stdout" | "stderr";
  mode: "write" | "append" | "read" | "duplicate";
  target: Word;
}

type Token = { kind: "operator"; text: string } | { kind: "word"; word: Word; isPlain: boolean };

export class ShellSyntaxError extends Error {
  override readonly name = "ShellSyntaxError";
}

const OPERATORS = ["&&", "||", "2>&1", "1>&2", "2>>", "2>", ">&2", ">>", ">", "<", ";", "&", "|", "\n", "(", ")"];

/** Throws a {@link ShellSyntaxError}. Null is an empty script. */
export function parseShell(script: string): ShellNode | null {
  const tokens = tokenize(script);
  const parser = new Parser(tokens);
  const node = parser.list([]);
  if (!parser.isAtEnd) throw new ShellSyntaxError(`syntax error: unexpected "${parser.peekText()}"`);
  return node;
}

function tokenize(script: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < script.length) {
    const char = script[at] ?? "";
    if (char === " " || char === "\t" || char === "\r") at++;
    else if (char === "#") while (at < script.length && script[at] !== "\n") at++;
    else {
      const operator = OPERATORS.find((text) => script.startsWith(text, at));
      if (operator) {
        tokens.push({ kind: "operator", text: operator });
        at += operator.length;
      } else {
        const read = readWord(script, at);
        tokens.push(read.token);
        at = read.end;
      }
    }
  }
  return tokens;
}

function readWord(script: string, start: number): { token: Token; end: number } {
  const word: Word = [];
  let isPlain = true;
  let at = start;
  let quote: '"' | "'" | null = null;
  const addText = (text: string): void => {
    const last = word.at(-1);
    if (last && "text" in last) last.text += text;
    else word.push({ text });
  };
  for (; at < script.length; at++) {
    const char = script[at] ?? "";
    if (quote === "'") {
      if (char === "'") quote = null;
      else addText(char);
    } else if (char === "\\") {
      at++;
      const next = script[at] ?? "";
      if (quote && !'"\\$`'.includes(next)) addText(char);
      if (next !== "\n") addText(next);
      isPlain = false;
    } else if (char === '"') {
      quote = quote ? null : char;
      isPlain = false;
      addText("");
    } else if (char === "'" && !quote) {
      quote = char;
      isPlain = false;
      addText("");
    } else if (char === "$") {
      const name = /^\$(?:\{(\w+)\}|(\w+|[?$#]))/.exec(script.slice(at));
      if (name) {
        word.push({ variable: name[1] ?? name[2] ?? "" });
        isPlain = false;
        at += name[0].length - 1;
      } else addText(char);
    } else if (!quote && /[\s;&|<>()]/.test(char)) break;
    else addText(char);
  }
  if (quote) throw new ShellSyntaxError("syntax error: unterminated quoted string");
  return { token: { kind: "word", word, isPlain }, end: at };
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Commands up to one of the closing words, which is left for the caller. */
  list(closing: string[]): ShellNode | null {
    let node: ShellNode | null = null;
    for (;;) {
      while (this.#isOperator(";", "\n")) this.#at++;
      if (this.isAtEnd || closing.includes(this.peekText()) || this.#isOperator(")")) return node;
      let next = this.#andOr();
      if (this.#isOperator("&")) {
        this.#at++;
        next = { kind: "background", body: next };
      } else if (!this.isAtEnd && !this.#isOperator(";", "\n", ")")) {
        throw new ShellSyntaxError(`syntax error: unexpected "${this.peekText()}"`);
      }
      node = node ? { kind: "sequence", first: node, then: next } : next;
    }
  }

  peekText(): string {
    const token = this.#tokens[this.#at];
    if (!token) return "end of file";
    if (token.kind === "operator") return token.text;
    return token.isPlain ? token.word.map((piece) => ("text" in piece ? piece.text : "")).join("") : "word";
  }

  #isOperator(...texts: string[]): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === "operator" && texts.includes(token.text);
  }

  #andOr(): ShellNode {
    let node = this.#pipeline();
    while (this.#isOperator("&&", "||")) {
      const kind = this.peekText() === "&&" ? "and" : "or";
      this.#at++;
      node = { kind, first: node, then: this.#pipeline() };
    }
    return node;
  }

  #pipeline(): ShellNode {
    let node = this.#command();
    while (this.#isOperator("|")) {
      this.#at++;
      node = { kind: "pipe", first: node, then: this.#command() };
    }
    return node;
  }

  #command(): ShellNode {
    const text = this.peekText();
    if (text === "while" || text === "until") {
      this.#at++;
      const condition = this.#body("do");
      return { kind: "while", isUntil: text === "until", condition, body: this.#body("done") };
    }
    if (text === "if") return this.#if();
    if (text === "{" || text === "(") {
      this.#at++;
      return this.#body(text === "{" ? "}" : ")");
    }
    return this.#simple();
  }

  #if(): ShellNode {
    this.#at++;
    const condition = this.#body("then");
    const body = this.list(["else", "fi"]);
    if (!body) throw new ShellSyntaxError(`syntax error: unexpected "${this.peekText()}"`);
    const hasElse = this.peekText() === "else";
    this.#at++;
    return { kind: "if", condition, body, otherwise: hasElse ? this.#body("fi") : null };
  }

  #body(closing: string): ShellNode {
    const node = this.list([closing]);
    if (!node || this.peekText() !== closing)
      throw new ShellSyntaxError(`syntax error: unexpected "${this.peekText()}"`);
    this.#at++;
    return node;
  }

  #simple(): ShellNode {
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (let token = this.#tokens[this.#at]; token; token = this.#tokens[this.#at]) {
      if (token.kind === "word") words.push(token.word);
      else if (token.text.includes(">") || token.text === "<") redirects.push(this.#redirect(token.text));
      else break;
      this.#at++;
    }
    if (words.length + redirects.length === 0)
      throw new ShellSyntaxError(`syntax error: unexpected "${this.peekText()}"`);
    return { kind: "simple", words, redirects };
  }

  #redirect(operator: string): Redirect {
    if (operator.includes("&")) {
      return { stream: operator.startsWith("2") ? "stderr" : "stdout", mode: "duplicate", target: [] };
    }
    this.#at++;
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word") throw new ShellSyntaxError(`syntax error: unexpected "${this.peekText()}"`);
    if (operator === "<") return { stream: "stdin", mode: "read", target: token.word };
    const stream = operator.startsWith("2") ? "stderr" : "stdout";
    return { stream, mode: operator.endsWith(">>") ? "append" : "write", target: token.word };
  }
}
