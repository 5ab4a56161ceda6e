import type { Json } from "./exchange.ts";

/** Neither the end of a UUID, nor zeros alone, which stand for an id that nothing has. */
const ID = /(?<!-)\b(?!0{12})(?:[a-f0-9]{64}|[a-f0-9]{12})\b/g;
/** Not the year 1, by which Docker says "never". */
const TIME = /\b[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;
/** With the time that a list words: `Up 2 seconds`, `Exited (0) Less than a second ago`. */
const DURATION = /Less than a second|\b\d+ seconds?\b|About a minute/g;
const ADDRESS = /\b(?:10|172|192)(?:\.\d{1,3}){3}\b/g;
const MAC = /\b[a-f0-9]{2}(?::[a-f0-9]{2}){5}\b/g;
/** A port that is taken on all addresses is refused for IPv4 or for IPv6, as chance has it. */
const WILDCARD = /(?<=Bind for )(?:0\.0\.0\.0|::)(?=:\d)/g;
const CLASSES: readonly [RegExp, string][] = [
  [TIME, "<time>"],
  [DURATION, "<duration>"],
  [ADDRESS, "<address>"],
  [MAC, "<mac>"],
  [WILDCARD, "<wildcard>"],
];

/** What a placeholder of a trace may stand for when the trace is played again. */
const PATTERNS: Readonly<Record<string, string>> = {
  time: "(?:[12]\\d{3}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)|\\d{10})",
  duration: "(?:Less than a second|\\d+ seconds?|About a minute)",
  address: "\\d{1,3}(?:\\.\\d{1,3}){3}",
  mac: "[a-f0-9]{2}(?::[a-f0-9]{2}){5}",
  wildcard: "(?:0\\.0\\.0\\.0|::)",
};

/** Puts placeholders in while a trace is recorded: ids are numbered in the order in which they appear. */
export class Recording {
  readonly #words: readonly [string, string][];
  readonly #numbers = new Map<string, number>();

  /** `words` are what this run alone has, such as its registry's address, and what stands for each. */
  constructor(words: Readonly<Record<string, string>>) {
    this.#words = Object.entries(words);
  }

  text(text: string): string {
    let replaced = text;
    for (const [word, placeholder] of this.#words) replaced = replaced.replaceAll(word, placeholder);
    for (const [pattern, placeholder] of CLASSES) replaced = replaced.replace(pattern, placeholder);
    return replaced.replace(ID, (id) => {
      const key = id.slice(0, 12);
      const number = this.#numbers.get(key) ?? this.#numbers.size + 1;
      this.#numbers.set(key, number);
      return id.length === 64 ? `<id ${number}>` : `<short id ${number}>`;
    });
  }

  value(value: Json): Json {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((entry) => this.value(entry));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, entry]) => [this.text(key), isTime(key, entry) ? "<time>" : this.value(entry)]),
    );
  }
}

/** What a trace's placeholders stand for while it is played: ids become known with the answers in which they appear. */
export class Bindings {
  readonly #words: ReadonlyMap<string, string>;
  readonly #ids = new Map<string, string>();

  constructor(words: Readonly<Record<string, string>>) {
    this.#words = new Map(Object.entries(words).map(([word, placeholder]) => [placeholder, word]));
  }

  /** A request's text with everything in it that is known. */
  fill(text: string): string {
    return text.replace(/<[a-z]+(?: [a-z]+)?(?: \d+)?>/g, (placeholder) => this.#known(placeholder) ?? placeholder);
  }

  /** True where the text is what the trace has, and then remembers what its ids are. */
  matches(written: string, text: string): boolean {
    const fresh: string[] = [];
    const pattern = written.split(/(<[a-z]+(?: [a-z]+)?(?: \d+)?>)/).map((part, at) => {
      if (at % 2 === 0) return escape(part);
      const known = this.#known(part);
      if (known !== null) return escape(known);
      const [, isShort, number] = /^<(short )?id (\d+)>$/.exec(part) ?? [];
      if (number === undefined) return PATTERNS[part.slice(1, -1)] ?? escape(part);
      fresh.push(number);
      return isShort ? "([a-f0-9]{12})" : "([a-f0-9]{64})";
    });
    const match = new RegExp(`^${pattern.join("")}$`, "s").exec(text);
    fresh.forEach((number, at) => {
      const id = match?.[at + 1];
      if (id !== undefined) this.#ids.set(number, id);
    });
    return match !== null;
  }

  #known(placeholder: string): string | null {
    const [, isShort, number] = /^<(short )?id (\d+)>$/.exec(placeholder) ?? [];
    if (number === undefined) return this.#words.get(placeholder) ?? null;
    const id = this.#ids.get(number);
    if (id === undefined || (!isShort && id.length < 64)) return null;
    return isShort ? id.slice(0, 12) : id;
  }
}

/** Seconds since 1970, as lists have them. */
function isTime(key: string, value: Json): boolean {
  return key === "Created" && typeof value === "number";
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
