import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TESTBED = "packages/testbed/src";
/** Not to be done again and again on what a file has set up. */
const LEFT_OUT = [
  // What it shows is checked by chance, and once is a lot of it: `npm run soak -- kills` does more.
  "random-kills",
  // An engine moves to its other address, gets a new disk, or is forgotten, and each can be done once.
  "machine-returns",
  // Its second test begins with what the first has left on a disk that only fills up once.
  "disk-full",
];
/**
 * Of these files only some tests are meant: where one goes on where the one before it ended, no other can be done again;
 * and most of the lifecycle's are of no fault.
 */
const IN_PART = [
  { of: "scenario/lifecycle", tests: "starts what is asked to start while it stops" },
  { of: "src/probe/", tests: "warns of a clock" },
  { of: "image-kills", tests: "the lease's connection" },
];

/** Files from the root, and of which of their tests the name is listed; of all where it is undefined. */
export interface ListedTests {
  files: string[];
  tests?: string;
}

/** The test files that the page of faults names; throws for one that is not there. */
export function listedTests(root: string): ListedTests[] {
  const page = readFileSync(join(root, "docs/faults.md"), "utf8");
  const named = [...page.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = ""]) =>
    /^(apps|packages)\//.test(path) ? path : `${TESTBED}/${path}`,
  );
  const files = [...new Set(named)].filter((file) => !LEFT_OUT.some((left) => file.includes(left))).sort();
  const missing = files.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new Error(`docs/faults.md names what is not there: ${missing.join(", ")}`);
  const isIn = (file: string): boolean => IN_PART.some(({ of }) => file.includes(of));
  return [
    { files: files.filter((file) => !isIn(file)) },
    ...IN_PART.map(({ of, tests }) => ({ files: files.filter((file) => file.includes(of)), tests })),
  ];
}
