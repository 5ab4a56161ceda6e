import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";

const MAIN = new URL("main.ts", import.meta.url).pathname;

async function startMain(): Promise<{ child: ReturnType<typeof spawn>; first: string; path: string }> {
  const path = await mkdtemp(join(tmpdir(), "fleet-main-"));
  onTestFinished(() => rm(path, { recursive: true }));
  const child = spawn(process.execPath, [MAIN, "--data-dir", path, "--count", "2"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [first] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, first, path };
}

test("tells its machines in one line when they answer, and saves and ends when its input is closed", async () => {
  const { child, first, path } = await startMain();
  expect(JSON.parse(first)).toEqual({
    machines: [
      { name: "gpu-sim-1", url: expect.stringMatching(/^unix:\/\//) },
      { name: "gpu-sim-2", url: expect.stringMatching(/^unix:\/\//) },
    ],
    registry: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  child.stdin?.end();
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await readdir(path)).toEqual(expect.arrayContaining(["gpu-sim-1.json", "gpu-sim-2.json"]));
});

test("ends at SIGTERM", async () => {
  const { child } = await startMain();
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
