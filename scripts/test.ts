/**
 * Behind `npm test`: gets the machine ready for the suites, runs them all, and ends with the line
 * `N passed, N failed[, N skipped]`. What is given on the command line goes to vitest.
 */
import { parseCLI, startVitest, type Reporter, type TestCase, type TestModule } from "vitest/node";
import { prepareMachine } from "../packages/testbed/src/fleet/prepare.ts";

/** So many files are told with what they took. */
const SLOWEST = 20;

/** Counts tests. What fails outside of any test (a file that can't be loaded, a set-up) counts as one failure each. */
class Tally implements Reporter {
  passed = 0;
  failed = 0;
  readonly skippedIn = new Map<string, number>();
  readonly outside: string[] = [];
  /** Seconds that files took, hooks included. */
  readonly took: { file: string; seconds: number }[] = [];

  /** At once: the whole run takes an hour. */
  onTestCaseResult(test: TestCase): void {
    const { errors } = test.result();
    for (const { message, stack } of errors ?? []) {
      console.log(`failed: ${test.module.relativeModuleId} > ${test.fullName}\n${stack ?? message}`);
    }
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    for (const module of modules) {
      this.took.push({ file: module.relativeModuleId, seconds: Math.round(module.diagnostic().duration / 1_000) });
      for (const test of module.children.allTests()) this.#count(test.result().state, module.relativeModuleId);
      const hasFailedTest = [...module.children.allTests("failed")].length > 0;
      if (module.state() === "failed" && !hasFailedTest) this.outside.push(module.relativeModuleId);
    }
    this.outside.push(...unhandled.map(({ message }) => message));
    this.failed += this.outside.length;
  }

  get skipped(): number {
    return [...this.skippedIn.values()].reduce((sum, count) => sum + count, 0);
  }

  #count(state: string, file: string): void {
    if (state === "passed") this.passed += 1;
    else if (state === "failed") this.failed += 1;
    else this.skippedIn.set(file, (this.skippedIn.get(file) ?? 0) + 1);
  }
}

// A root shell that is no login shell may lack these, and the fleet's commands live there.
process.env["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";

const { gaps } = await prepareMachine((line) => console.log(`preparing: ${line}`));
const tally = new Tally();
const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
await startVitest(filter, { ...options, run: true, watch: false, reporters: ["default", tally] });

const slowest = tally.took.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
for (const { file, seconds } of slowest) console.log(`${seconds} s: ${file}`);
for (const what of tally.outside) console.log(`failed outside of any test: ${what}`);
for (const [file, count] of tally.skippedIn) console.log(`skipped: ${count} of ${file}`);
for (const gap of gaps) console.log(`not available: ${gap}`);
if (tally.passed + tally.failed === 0) console.log("no test ran");
if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
// Nothing may be printed after this line, so whatever still holds the event loop is ended with it.
const summary = [`${tally.passed} passed`, `${tally.failed} failed`];
if (tally.skipped > 0) summary.push(`${tally.skipped} skipped`);
process.stdout.write(`${summary.join(", ")}\n`, () => process.exit());
