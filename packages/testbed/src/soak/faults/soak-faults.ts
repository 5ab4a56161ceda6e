import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { listedTests } from "./listed-tests.ts";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));
const TIMES = Number(process.env["BERTH_SOAK_TIMES"] ?? 20);

/** The tests of every listed fault, many times in a row: what fails once in twenty runs fails for somebody each day. */
export async function soakFaults(): Promise<boolean> {
  const files = listedTests(ROOT);
  console.log(`${TIMES} times the ${files.length} files of docs/faults.md`);
  const failures = new Map<string, number>();
  for (let time = 1; time <= TIMES; time += 1) {
    const from = performance.now();
    const { summary, failed } = await runTests(files);
    for (const test of failed) failures.set(test, (failures.get(test) ?? 0) + 1);
    console.log(`${time}: ${summary} in ${Math.round((performance.now() - from) / 1_000)} s`);
    for (const test of failed) console.log(`  ${test}`);
  }
  for (const [test, times] of failures) console.log(`failed ${times} of ${TIMES} times: ${test}`);
  if (failures.size === 0) console.log(`all of them passed ${TIMES} times in a row`);
  return failures.size === 0;
}

/** As `npm test` runs them. What ends without its summary counts as failed. */
async function runTests(files: readonly string[]): Promise<{ summary: string; failed: string[] }> {
  const child = spawn(process.execPath, ["scripts/test.ts", ...files], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const failed: string[] = [];
  let summary = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const [, test] = /^failed(?: outside of any test)?: (.*)/.exec(line) ?? [];
    if (test !== undefined) failed.push(test);
    if (/^\d+ passed, \d+ failed/.test(line)) summary = line;
  }
  if (!summary.startsWith("0 passed") && summary !== "") return { summary, failed };
  return { summary: summary || "no summary", failed: failed.length > 0 ? failed : ["no test ran"] };
}
