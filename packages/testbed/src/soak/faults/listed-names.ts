import { readFileSync } from "node:fs";
import { join } from "node:path";

const TESTBED = "packages/testbed/src";
/** What comes before a test's name: which file has it. */
const FILE = /(?:`([\w./-]+\.ts)`|the same file): /;
const KIND = /^(?:real and simulated|real|simulated|unit): /;
/** Others that the row stands for: "(and the others)", "(stop, pause)". */
const OTHERS = / \([^()]+\)$/;

/** A test as the page of faults quotes it. */
export interface ListedName {
  /** From the root. */
  file: string;
  name: string;
  /** Whether all of its name is quoted, or only its beginning. */
  isWhole: boolean;
}

/**
 * The names of tests in the last column of the page's tables. "The same file" is the one that was named last; a name
 * without a file is of the one that stands above its table, or before it in its row.
 */
export function listedNames(root: string): ListedName[] {
  const names: ListedName[] = [];
  let file = "";
  let above = "";
  for (const line of readFileSync(join(root, "docs/faults.md"), "utf8").split("\n")) {
    const cell = /^\| \d+ \|.* \| (.+) \|$/.exec(line)?.[1];
    if (cell === undefined) {
      above = line.startsWith("#") ? "" : (/`([\w./-]+\.test\.ts)`/.exec(line)?.[1] ?? above);
      continue;
    }
    if (above !== "") file = above;
    for (const piece of cell.split("; ")) {
      const named = FILE.exec(piece);
      file = named?.[1] ?? file;
      const quoted = named ? piece.slice(named.index + named[0].length) : piece.replace(KIND, "");
      if (quoted.includes("`npm run ")) continue;
      const name = quoted.replace(OTHERS, "").replace(/…$/, "");
      names.push({
        file: /^(apps|packages)\//.test(file) ? file : `${TESTBED}/${file}`,
        name,
        isWhole: !quoted.replace(OTHERS, "").endsWith("…"),
      });
    }
  }
  return names;
}

/** What stands for a value in a title: `%s`, `$name`, `${expression}`. */
const HOLE = /%[sdifjo]|\$\{[^}]*\}|\$\w+/;
const TITLE = /"(?:[^"\\\n]|\\.)+"|`(?:[^`\\]|\\.)+`/g;

/** Whether a file's source has a test of that name: as it stands, or from a template whose values stand in the file, too. */
export function hasTest(source: string, { name, isWhole }: Pick<ListedName, "name" | "isWhole">): boolean {
  const titles = (source.match(TITLE) ?? []).map((literal) => literal.slice(1, -1).replace(/\\(.)/g, "$1"));
  return titles.some((title) => {
    const parts = title.split(HOLE);
    if (parts.length === 1) return isWhole ? title === name : title.startsWith(name);
    // Of a template that is little but holes anything could be made.
    if (parts.join("").trim().length < 10) return false;
    // A hole beyond the quoted beginning has no value.
    const values: (string | undefined)[] | undefined = (isWhole ? wholeOf(parts) : beginningOf(parts))
      .exec(name)
      ?.slice(1);
    return values?.every((value) => value === undefined || source.includes(value)) ?? false;
  });
}

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const wholeOf = (parts: string[]): RegExp => new RegExp(`^${parts.map(quote).join("(.+?)")}$`);

/** Fits what such a title begins with, wherever it is cut. */
function beginningOf(parts: string[]): RegExp {
  const steps = parts.flatMap((part, at) => [...(at === 0 ? [] : ["(.+?)"]), ...part.split("").map(quote)]);
  return new RegExp(`^${steps.reduceRight((rest, step) => `(?:${step}${rest})?`, "")}$`);
}
