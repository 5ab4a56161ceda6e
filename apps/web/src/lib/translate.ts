/**
 * English sentences, with `{}` for what varies, and the same in another language, with `{0}`, `{1}` … in any order. What
 * a place holds is translated as well, but for a single word, which may be a name: that is where `{~0}` says so. `{=0}`
 * holds a single word.
 */
export type Sayings = Readonly<Record<string, string>>;

interface Pattern {
  /** What stands around and between the places: one more than there are places. */
  literals: string[];
  /** By place; one that has no mark of its own is not there. */
  marks: ReadonlyMap<number, string>;
  translation: string;
}

export interface Catalogue {
  exact: ReadonlyMap<string, string>;
  /** By the first word of those that begin with a whole one; in each list the longest, which says most, is first. */
  byWord: ReadonlyMap<string, readonly Pattern[]>;
  /** Those that begin with what varies. */
  open: readonly Pattern[];
  /** Those that say nothing themselves, such as `{}: {}`: they count where something that they hold is known. */
  frames: readonly Pattern[];
}

/** What is longer is no sentence but, say, a log. */
const LONGEST = 2_000;
/** A message in a message in a message. */
const DEPTH = 4;
/** So many sentences may be one saying. */
const SENTENCES = 4;

export function compile(sayings: Sayings): Catalogue {
  const exact = new Map<string, string>();
  const byWord = new Map<string, Pattern[]>();
  const [open, frames]: [Pattern[], Pattern[]] = [[], []];
  const longestFirst = Object.entries(sayings).toSorted(([a], [b]) => b.length - a.length);
  for (const [text, translation] of longestFirst) {
    const literals = text.split("{}");
    if (literals.length === 1) {
      exact.set(text, translation);
      continue;
    }
    const marks = new Map(Array.from(translation.matchAll(/\{([~=])(\d)\}/g), ([, mark, place]) => [+place!, mark!]));
    const pattern = { literals, marks, translation };
    const [word, ...more] = literals[0]!.split(" ");
    if (!/[a-z]/i.test(literals.join(""))) frames.push(pattern);
    else if (more.length === 0) open.push(pattern);
    else byWord.set(word!, [...(byWord.get(word!) ?? []), pattern]);
  }
  return { exact, byWord, open, frames };
}

/**
 * What was said in English, in the catalogue's language. A text that is no saying as a whole is tried sentence by
 * sentence, and what is not known stays as it is. Takes time linear in the text.
 */
export const translate = (text: string, catalogue: Catalogue): string => translateAt(0, text, catalogue);

function translateAt(depth: number, text: string, catalogue: Catalogue): string {
  if (text.length > LONGEST || depth > DEPTH) return text;
  const saying = sayingOf(depth, text, catalogue);
  if (saying !== null) return saying;
  // A sentence within another one has lost its end.
  const whole = depth > 0 && !/[.!?]$/.test(text) ? sayingOf(depth, `${text}.`, catalogue) : null;
  return whole?.replace(/。$/, "") ?? bySentence(depth, text, catalogue);
}

function sayingOf(depth: number, text: string, catalogue: Catalogue): string | null {
  const exact = catalogue.exact.get(text);
  if (exact !== undefined) return exact;
  const word = text.slice(0, text.indexOf(" "));
  for (const patterns of [catalogue.byWord.get(word) ?? [], catalogue.open]) {
    for (const pattern of patterns) {
      const caught = match(pattern, text);
      if (!caught) continue;
      const said = caught.map((part, place) => sayingOfPart(depth, part, pattern.marks.get(place), catalogue));
      return fill(pattern, said);
    }
  }
  return null;
}

const sayingOfPart = (depth: number, part: string, mark: string | undefined, catalogue: Catalogue): string =>
  part.includes(" ") || mark === "~" ? translateAt(depth + 1, part, catalogue) : part;

/** What the places hold, which may be nothing; null for another text. */
function match({ literals, marks }: Pattern, text: string): string[] | null {
  const head = literals[0]!;
  const tail = literals.at(-1)!;
  if (!text.startsWith(head) || !text.endsWith(tail)) return null;
  const end = text.length - tail.length;
  let at = head.length;
  const caught: string[] = [];
  for (const [place, literal] of literals.slice(1).entries()) {
    const isLast = place === literals.length - 2;
    const found = isLast ? end : text.indexOf(literal, at);
    if (found < at || found > end) return null;
    const part = text.slice(at, found);
    if (marks.get(place) === "=" && part.includes(" ")) return null;
    // A place within a sentence does not reach into another one.
    if (!/^($|\)| [A-Z])/.test(literal) && /[.!?] /.test(part)) return null;
    caught.push(part);
    at = found + literal.length;
  }
  return caught;
}

function fill({ translation }: Pattern, said: readonly string[]): string {
  return translation.replaceAll(/\{[~=]?(\d)\}/g, (place, index: string, at: number) => {
    const part = said[Number(index)] ?? "";
    // A sentence within another one does not end it.
    return at + place.length < translation.length ? part.replace(/。$/, "") : part;
  });
}

function bySentence(depth: number, text: string, catalogue: Catalogue): string {
  const sentences = text.split(/(?<=[.!?]) /);
  if (sentences.length === 1) return inFrame(depth, text, catalogue);
  let result = "";
  for (let at = 0; at < sentences.length;) {
    let count = Math.min(SENTENCES, sentences.length - at);
    let said = null;
    while (said === null && count > 0) {
      said = sayingOf(depth, sentences.slice(at, at + count).join(" "), catalogue);
      if (said === null) count -= 1;
    }
    const isClose = result === "" || /[。！？：]$/.test(result);
    result += (isClose ? "" : " ") + (said ?? inFrame(depth, sentences[at]!, catalogue));
    at += Math.max(1, count);
  }
  return result;
}

function inFrame(depth: number, sentence: string, catalogue: Catalogue): string {
  for (const pattern of catalogue.frames) {
    const caught = match(pattern, sentence);
    const said = caught?.map((part, place) => sayingOfPart(depth, part, pattern.marks.get(place), catalogue));
    if (said?.some((part, place) => part !== caught![place])) return fill(pattern, said);
  }
  return sentence;
}
