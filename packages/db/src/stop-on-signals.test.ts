import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const FIXTURE = fileURLToPath(new URL("stop-on-signals.fixture.ts", import.meta.url));

test("a process whose parent has gone gives back what it holds and ends, whatever its exit would wait for", async () => {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "runs") child.stdin.end();
    told.push(line);
  }
  expect(told).toEqual(["runs", "the parent has gone", "stopped"]);
  expect(await ended).toEqual([null, "SIGKILL"]);
});
