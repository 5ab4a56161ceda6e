import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startSimulatedEngine } from "./simulated-engine.ts";

const CLIENT = "/usr/bin/docker";

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

type Docker = (...args: string[]) => Promise<Ran>;

/** Docker's own client on an engine of its own. `input` is what it reads. */
async function open(generation: "28.5" | "20.10", input = ""): Promise<Docker> {
  const folder = await mkdtemp(join(tmpdir(), "cli-"));
  const engine = await startSimulatedEngine({
    name: "cli",
    engine_id: "cli",
    generation,
    listen: { socket_path: join(folder, "engine.sock") },
    images: ["busybox:latest"],
  });
  onTestFinished(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });
  return (...args) =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], HOME: folder };
      const options = { env, timeout: 10_000, killSignal: "SIGKILL" } as const;
      const child = execFile(CLIENT, ["-H", engine.url, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      });
      child.stdin?.end(input);
    });
}

describe.skipIf(!existsSync(CLIENT)).each(["28.5", "20.10"] as const)(
  "Docker's client on a simulated %s",
  (generation) => {
    test("runs, lists, executes in, stops and removes a container", async () => {
      const docker = await open(generation);
      expect((await docker("version", "--format", "{{.Server.Version}}")).stdout).toMatch(`${generation}.`);
      const { stdout: id } = await docker(
        "run",
        "-d",
        "--init",
        "--name",
        "box",
        "--label",
        "a=b",
        "busybox",
        "sleep",
        "1000",
      );
      expect(id.trim()).toMatch(/^[a-f0-9]{64}$/);
      expect((await docker("ps", "--filter", "label=a=b", "--format", "{{.Names}} {{.Status}}")).stdout).toMatch(
        /^box Up /,
      );
      expect(await docker("exec", "box", "sh", "-c", "echo out; echo err >&2; exit 4")).toEqual({
        code: 4,
        stdout: "out\n",
        stderr: "err\n",
      });
      await docker("rename", "box", "box2");
      await docker("pause", "box2");
      await docker("unpause", "box2");
      await docker("update", "--memory", "64m", "--memory-swap", "64m", "box2");
      const format = "{{.HostConfig.Memory}} {{.State.Status}} {{.Name}}";
      expect((await docker("inspect", "box2", "--format", format)).stdout.trim()).toBe("67108864 running /box2");
      expect((await docker("stop", "box2")).code).toBe(0);
      expect((await docker("start", "box2")).code).toBe(0);
      expect((await docker("kill", "box2")).code).toBe(0);
      expect((await docker("wait", "box2")).stdout.trim()).toBe("137");
      expect((await docker("rm", "box2")).code).toBe(0);
      expect((await docker("ps", "-aq")).stdout).toBe("");
    });

    test("runs one to its end, with what is piped into it", async () => {
      const docker = await open(generation, "typed\n");
      const { code, stdout } = await docker("run", "-i", "--rm", "busybox", "cat");
      expect({ code, stdout }).toEqual({ code: 0, stdout: "typed\n" });
      const failed = await docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3");
      expect(failed).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
    });

    test("pulls, commits, lists and removes images", async () => {
      const docker = await open(generation);
      expect((await docker("pull", "debian:12")).stdout).toContain("Downloaded newer image for debian:12");
      await docker("run", "-d", "--name", "work", "busybox", "sh", "-c", "echo kept > /work; sleep 1000");
      expect((await docker("commit", "work", "saved:v1")).stdout.trim()).toMatch(/^sha256:[a-f0-9]{64}$/);
      expect((await docker("run", "--rm", "saved:v1", "cat", "/work")).stdout).toBe("kept\n");
      const images = (await docker("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout
        .trim()
        .split("\n")
        .toSorted();
      expect(images).toEqual(["busybox:latest", "debian:12", "saved:v1"]);
      expect((await docker("rmi", "busybox")).stderr).toContain("conflict");
      expect((await docker("rmi", "saved:v1")).stdout).toContain("Deleted: sha256:");
    });

    test("tells logs and events", async () => {
      const docker = await open(generation);
      await docker("run", "--name", "said", "busybox", "sh", "-c", "echo one; echo two");
      expect((await docker("logs", "--tail", "1", "said")).stdout).toBe("two\n");
      const filters = ["--filter", "container=said", "--format", "{{.Action}}"];
      const soon = String(Math.floor(Date.now() / 1000) + 1);
      const events = await docker("events", "--since", "1h", "--until", soon, ...filters);
      expect(events.stdout.trim().split("\n")).toEqual(["create", "attach", "start", "die"]);
    });
  },
);
