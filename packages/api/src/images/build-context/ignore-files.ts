import library from "@balena/dockerignore";
import { badContext } from "./entry.ts";

interface Rules {
  add(text: string): Rules;
  ignores(path: string): boolean;
}

/** Which of the two its types say depends on who reads them; it is both. */
const dockerignore = library as unknown as (options: { ignorecase: boolean }) => Rules;

export const IGNORE_FILE = ".dockerignore";
export const IGNORE_FILE_MAX_BYTES = 64 * 1024;
/** It remembers what it was asked. */
const ASKED_MAX = 1_000;

/** Whether `.dockerignore` leaves a path out, by Docker's rules. Throws where a pattern in it is none. */
export function ignoreFiles(text: string): (path: string) => boolean {
  // Docker tells capitals from small letters.
  const read = () => dockerignore({ ignorecase: false }).add(text.replace(/^\ufeff/, ""));
  let rules = read();
  let asked = 0;
  const isIgnored = (path: string): boolean => {
    if ((asked += 1) > ASKED_MAX) [rules, asked] = [read(), 0];
    return rules.ignores(path);
  };
  try {
    // Patterns are compiled when they are asked.
    isIgnored("a/b");
  } catch (error) {
    throw badContext(`${IGNORE_FILE} has a pattern that is none: ${(error as Error).message}.`, { entry: IGNORE_FILE });
  }
  return isIgnored;
}
