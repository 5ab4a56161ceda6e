const UNITS = "(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)";

/** What differs from one run to the next, whatever the engine: what it is, and what stands for it. */
const VARIABLES: readonly [RegExp, string][] = [
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?/g, "<time>"],
  [new RegExp(`(?:Less than a second|About an? ${UNITS}|\\b\\d+ ${UNITS})( ago)?`, "g"), "<duration>$1"],
  [/\b\d+(?:\.\d+)?(?:e[+-]\d+)?[kKMGT]?i?B\b/g, "<size>"],
  [/\b\d+\.\d+%/g, "<share>"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "<address>"],
];

/**
 * Puts placeholders in place of what no two runs have in common: ids (numbered in the order in which they appear, so that
 * the same one is known again), times, sizes, addresses. Columns are as far apart as their content makes them, so two
 * spaces stand for more.
 */
export class Placeholders {
  readonly #numbers = new Map<string, number>();
  readonly #words: readonly [string, string][];

  /** `words` are what this run alone has, such as its registry's address, and what stands for each. */
  constructor(words: Readonly<Record<string, string>>) {
    this.#words = Object.entries(words);
  }

  replace(text: string): string {
    let replaced = text;
    for (const [word, placeholder] of this.#words) replaced = replaced.replaceAll(word, placeholder);
    replaced = replaced.replace(/\b(?:[a-f0-9]{64}|[a-f0-9]{12})\b/g, (id) => {
      const key = id.slice(0, 12);
      const number = this.#numbers.get(key) ?? this.#numbers.size + 1;
      this.#numbers.set(key, number);
      return id.length === 64 ? `<ID ${number}>` : `<id ${number}>`;
    });
    for (const [pattern, placeholder] of VARIABLES) replaced = replaced.replace(pattern, placeholder);
    return replaced.replace(/ {2,}/g, "  ");
  }
}
