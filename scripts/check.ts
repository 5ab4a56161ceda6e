/**
 * Behind `npm run check`: everything about the code that can be known without running it. Every step runs, whatever
 * the ones before it found; the end names those that failed.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { promisify } from "node:util";

interface Step {
  what: string;
  /** Run two at a time. */
  commands: string[][];
}

const withTypes = ["apps", "packages"]
  .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
  .filter((folder) => existsSync(`${folder}/package.json`))
  .concat("scripts");
for (const folder of withTypes) {
  if (!existsSync(`${folder}/tsconfig.json`))
    throw new Error(`${folder} has no tsconfig.json: nothing knows its types`);
}

const STEPS: Step[] = [
  { what: "format (npm run format mends it)", commands: [["oxfmt", "--check"]] },
  { what: "lint, import rules, import cycles", commands: [["oxlint"]] },
  { what: "types", commands: withTypes.map((folder) => ["tsc", "-p", folder]) },
  { what: "unused files, exports and dependencies", commands: [["knip", "--no-progress"]] },
  { what: "package manifests", commands: [["sherif"]] },
];

const failed: string[] = [];
for (const { what, commands } of STEPS) {
  const startedAt = performance.now();
  const outputs = await runInPairs(commands);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const complaints = outputs.filter((output) => output !== null);
  console.log(`${complaints.length === 0 ? "ok    " : "FAILED"} ${what} (${seconds} s)`);
  for (const complaint of complaints) console.log(complaint);
  if (complaints.length > 0) failed.push(what);
}
if (failed.length > 0) {
  console.log(`check failed: ${failed.join("; ")}`);
  process.exitCode = 1;
}

/** For each command what it printed if it failed, null if it did not. */
async function runInPairs(commands: string[][]): Promise<(string | null)[]> {
  const outputs: (string | null)[] = [];
  const waiting = commands.entries();
  const worker = async () => {
    for (const [index, command] of waiting) outputs[index] = await run(command);
  };
  await Promise.all([worker(), worker()]);
  return outputs;
}

async function run([name = "", ...args]: string[]): Promise<string | null> {
  try {
    await promisify(execFile)(`node_modules/.bin/${name}`, args, { maxBuffer: 64 * 1024 * 1024 });
    return null;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    return [name, ...args].join(" ") + "\n" + (`${stdout}${stderr}`.trim() || message);
  }
}
