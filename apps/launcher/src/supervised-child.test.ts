import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SupervisedChild } from "./supervised-child.ts";

let folder: string;
let said: string[];
let children: SupervisedChild[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-child-"));
  said = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) await child.stop();
  await rm(folder, { recursive: true });
});

async function supervise(
  source: string,
  onLine?: (line: string) => void,
  logFile = join(folder, "child.log"),
): Promise<SupervisedChild> {
  const script = join(folder, "child.mjs");
  await writeFile(script, source);
  const child = new SupervisedChild({
    name: "child",
    script,
    env: { PATH: process.env["PATH"] },
    logFile,
    say: (line) => said.push(line),
    backoff: { firstMs: 10, longestMs: 40, healthyMs: 60_000 },
    ...(onLine && { onLine }),
  });
  children.push(child);
  return child;
}

test("starts a process again that ends by itself, later each time, and says so", async () => {
  await supervise("process.exit(3)");
  await vi.waitFor(() => expect(said.length).toBeGreaterThanOrEqual(4), 10_000);
  expect(said.slice(0, 4).map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "child ended with exit code 3: starting it again in 0.01 s",
    "child ended with exit code 3: starting it again in 0.02 s",
    "child ended with exit code 3: starting it again in 0.04 s",
    "child ended with exit code 3: starting it again in 0.04 s",
  ]);
});

test("starts a process again that was killed", async () => {
  const pids: string[] = [];
  await supervise("console.log(process.pid); setInterval(() => {}, 60_000)", (line) => pids.push(line));
  await vi.waitFor(() => expect(pids).toHaveLength(1), 10_000);
  process.kill(Number(pids[0]), "SIGKILL");
  await vi.waitFor(() => expect(pids).toHaveLength(2), 10_000);
  expect(said[0]).toMatch(/^child ended by SIGKILL: starting it again/);
});

test("stops a process by asking it, and starts it no more", async () => {
  const lines: string[] = [];
  const source = `process.on("SIGTERM", () => { console.log("asked"); process.exit(0); });
    setInterval(() => {}, 60_000); console.log("running");`;
  const child = await supervise(source, (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toEqual(["running"]), 10_000);
  await child.stop();
  expect(lines).toEqual(["running", "asked"]);
  expect(child.pid).toBeUndefined();
  expect(said).toEqual([]);
});

test("kills a process that does not listen, and what it has started", async () => {
  const lines: string[] = [];
  const source = `import { spawn } from "node:child_process";
    process.on("SIGTERM", () => {});
    console.log(spawn("sleep", ["1000"]).pid);`;
  const child = await supervise(source, (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000);
  child.kill();
  await child.stop();
  await vi.waitFor(() => expect(() => process.kill(Number(lines[0]), 0)).toThrow("ESRCH"), 10_000);
});

test("keeps all that a process writes in its log, and shows only warnings", async () => {
  // The warning is the last: once it is said, all is written.
  const source = `console.log('{"level":30,"msg":"fine"}'); console.error("a stack");
    console.log('{"level":40,"msg":"odd"}'); setInterval(() => {}, 60_000);`;
  const child = await supervise(source);
  await vi.waitFor(() => expect(said).toEqual(["child: odd"]), 10_000);
  await child.stop();
  const log = await readFile(join(folder, "child.log"), "utf8");
  expect(log.trim().split("\n").toSorted()).toEqual([
    "a stack",
    '{"level":30,"msg":"fine"}',
    '{"level":40,"msg":"odd"}',
  ]);
});

test("goes on with a process whose log is on a full disk", async () => {
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  const lines: string[] = [];
  const source = `console.log("one"); console.log("two"); setInterval(() => {}, 60_000);`;
  await supervise(source, (line) => lines.push(line), "/dev/full");
  await vi.waitFor(() => expect(lines).toEqual(["one", "two"]), 10_000);
  expect(complaints.mock.calls).toEqual([[expect.stringContaining("/dev/full can't be written")]]);
  complaints.mockRestore();
});
