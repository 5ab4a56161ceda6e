/**
 * Variables and arguments as a person types them: one a line. What has line ends of its own, or would be read as something
 * else, is written as JSON instead, which may also be typed: nothing is changed by being shown and sent back.
 */
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;
const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");

/** The first line that is no `NAME=value`; null where all are. */
export function badEnvLine(text: string): string | null {
  if (isJson(text, "{")) return readJson(text) === null ? text.trim() : null;
  return linesOf(text).find((line) => !VARIABLE.test(line)) ?? null;
}

/** Of a text in which {@link badEnvLine} finds nothing. */
export function parseEnv(text: string): Record<string, string> {
  if (isJson(text, "{")) return (readJson(text) ?? {}) as Record<string, string>;
  return Object.fromEntries(
    linesOf(text).flatMap((line) => {
      const [, name, value] = VARIABLE.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

export function formatEnv(env: Record<string, string>): string {
  const text = Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
  return isShownAs(env, text, parseEnv) ? text : JSON.stringify(env, null, 2);
}

/** Null for an empty text. */
export function parseArguments(text: string): string[] | null {
  const json = isJson(text, "[") ? readJson(text) : null;
  if (Array.isArray(json)) return json as string[];
  const lines = linesOf(text);
  return lines.length === 0 ? null : lines;
}

export function formatArguments(given: readonly string[] | null): string {
  if (given === null) return "";
  const text = given.join("\n");
  return isShownAs(given, text, parseArguments) ? text : JSON.stringify(given);
}

const isShownAs = (value: unknown, text: string, parse: (text: string) => unknown): boolean =>
  JSON.stringify(parse(text)) === JSON.stringify(value);

const isJson = (text: string, start: string): boolean => text.trimStart().startsWith(start);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
