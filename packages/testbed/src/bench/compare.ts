/** A figure that is another than last time. */
export interface Move {
  /** As `create.own.p50`; an element of a list by what it calls itself, else by its place. */
  path: string;
  before: number;
  now: number;
}

/** Less than this is what one run differs from the next by. */
const SHARE = 0.15;

/** The numbers under the same path that differ by more than `share` of what they were. What only one of the two has is left out. */
export function findMoves(before: unknown, now: unknown, share = SHARE): Move[] {
  const numbersBefore = new Map(numbersIn(before));
  return [...numbersIn(now)].flatMap(([path, number]) => {
    const was = numbersBefore.get(path);
    if (was === undefined || Math.abs(number - was) <= share * Math.abs(was)) return [];
    return [{ path, before: was, now: number }];
  });
}

function* numbersIn(tree: unknown, path: readonly string[] = []): Generator<[string, number]> {
  if (typeof tree === "number") yield [path.join("."), tree];
  else if (Array.isArray(tree)) {
    const elements: readonly unknown[] = tree;
    const names = elements.map((element, place) => nameOf(element) ?? String(place));
    for (const [place, element] of elements.entries()) {
      const name = names[place] ?? "";
      const isAlone = names.indexOf(name) === names.lastIndexOf(name);
      yield* numbersIn(element, [...path, isAlone ? name : `${name} ${place}`]);
    }
  } else if (typeof tree === "object" && tree !== null) {
    for (const [key, branch] of Object.entries(tree)) yield* numbersIn(branch, [...path, key]);
  }
}

/** The first text in it: engines, doors and pages have their name there. */
function nameOf(element: unknown): string | undefined {
  if (typeof element !== "object" || element === null) return undefined;
  return Object.values(element).find((value) => typeof value === "string");
}

/** One line each, or one that says that there is none. */
export function reportMoves(section: string, since: string, moves: readonly Move[]): string {
  const heading = `${section}, beside ${since}: `;
  if (moves.length === 0) return `${heading}nothing moved by more than ${SHARE * 100} %`;
  const width = Math.max(...moves.map(({ path }) => path.length));
  return [
    `${heading}moved by more than ${SHARE * 100} %`,
    ...moves.map(({ path, before, now }) => {
      const ratio = before === 0 ? "" : `${(now / before).toFixed(2)}×`;
      return `  ${path.padEnd(width)}${short(before).padStart(12)} →${short(now).padStart(12)}  ${ratio}`.trimEnd();
    }),
  ].join("\n");
}

const short = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(4));
