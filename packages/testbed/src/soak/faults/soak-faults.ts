import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ListedTests, listedTests } from "./listed-tests.ts";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));
const TIMES = Number(process.env["BERTH_SOAK_TIMES"] ?? 20);
/** Parts of names of files, with commas between them: only these. */
const ONLY = process.env["BERTH_SOAK_FILES"]?.split(",");
/** The kinds of engine that differ in what is done to containers; `npm test` runs all of these tests on the third as well. */
const GENERATIONS = process.env["BERTH_TEST_GENERATIONS"] ?? "20.10,28.5";

/**
 * The tests of every listed fault, each many times in a row on what its file has set up: what fails once in twenty runs
 * fails for somebody each day.
 */
export async function soakFaults(): Promise<boolean> {
  const isMeant = (file: string): boolean => ONLY?.some((part) => file.includes(part)) ?? true;
  const lists = listedTests(ROOT)
    .map((listed) => ({ ...listed, files: listed.files.filter(isMeant) }))
    .filter(({ files }) => files.length > 0);
  const count = lists.reduce((sum, { files }) => sum + files.length, 0);
  if (count === 0) throw new Error(`docs/faults.md names no file with ${ONLY?.join(" or ")} in its name`);
  console.log(`${count} files of docs/faults.md, each test ${TIMES} times in a row`);
  // Side by side: they mostly wait.
  const isGreen = (await Promise.all(lists.map(soakTests))).every(Boolean);
  if (isGreen) console.log(`all of them passed ${TIMES} times in a row`);
  return isGreen;
}

async function soakTests(listed: ListedTests): Promise<boolean> {
  const from = performance.now();
  const { summary, failed } = await runTests(listed);
  console.log(`${summary} in ${Math.round((performance.now() - from) / 1_000)} s`);
  for (const [test, times] of failed) console.log(`failed ${times} times: ${test}`);
  return failed.size === 0 && /^[1-9]\d* passed, 0 failed/.test(summary);
}

/** As `npm test` runs them, told as they end. What ends without its summary counts as failed. */
async function runTests({ files, tests }: ListedTests): Promise<{ summary: string; failed: Map<string, number> }> {
  const only = tests === undefined ? [] : ["-t", tests];
  const child = spawn(process.execPath, ["scripts/test.ts", "--repeats", String(TIMES - 1), ...only, ...files], {
    cwd: ROOT,
    env: { ...process.env, BERTH_TEST_GENERATIONS: GENERATIONS },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const failed = new Map<string, number>();
  let summary = "no summary";
  let isTellingWhy = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, test] = /^failed(?: outside of any test)?: (.*)/.exec(line) ?? [];
    if (test !== undefined) failed.set(test, (failed.get(test) ?? 0) + 1);
    const isTold = line.includes(`(repeat x${TIMES - 1})`);
    isTellingWhy = test !== undefined || (isTellingWhy && !isTold && line !== "");
    if (isTellingWhy || isTold) console.log(line);
    if (/^\d+ passed, \d+ failed/.test(line)) summary = line;
  }
  return { summary, failed };
}
