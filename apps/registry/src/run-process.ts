import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { configFile } from "./config.ts";
import { whyTaken } from "./port.ts";
import type { RegistryRunner, RunningRegistry } from "./runner.ts";
import type { RegistrySettings } from "./settings.ts";

const STOP_MS = 5_000;
const TAIL_LINES = 5;
const SETPRIV = "/usr/bin/setpriv";

/** Runs the registry by its binary. `log` is told every line that it writes. */
export function processRunner(
  binary: string,
  { folder, listen }: Pick<RegistrySettings, "folder" | "listen">,
  log: (line: string) => void,
): RegistryRunner {
  return {
    kind: "process",
    findObstacle: () => whyTaken(listen),
    start: async (mode) => startProcess(spawnBinary(binary, ["serve", configFile(folder, mode)]), log),
    async collectGarbage(signal) {
      // A line for every blob: only the last ones are of use.
      const child = spawnBinary(binary, ["garbage-collect", configFile(folder, "read-only")]);
      const tail = readLines(child, () => {});
      const kill = (): boolean => child.kill("SIGKILL");
      signal.addEventListener("abort", kill);
      const how = await whenEnded(child);
      signal.removeEventListener("abort", kill);
      if (how !== "with exit code 0") throw new Error(`garbage-collect ended ${how}: ${tail.join(" | ")}`);
    },
  };
}

/** The registry itself reads every setting from REGISTRY_… too, which would go before what is in its config. */
function spawnBinary(binary: string, args: string[]): ChildProcess {
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", OTEL_TRACES_EXPORTER: "none" };
  // A keeper that is killed takes it along.
  const command = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", binary] : [binary];
  const [file = binary, ...before] = command;
  return spawn(file, [...before, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
}

function startProcess(child: ChildProcess, log: (line: string) => void): RunningRegistry {
  const tail = readLines(child, log);
  // Who was killed had no last words.
  const ended = whenEnded(child).then((how) => (how.startsWith("by ") ? how : [how, ...lastWords(tail)].join(": ")));
  return {
    ended,
    async stop() {
      child.kill("SIGTERM");
      const insist = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(insist);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Fills the array that it returns with the last lines. */
function readLines(child: ChildProcess, log: (line: string) => void): string[] {
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      log(line);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
    });
  }
  return tail;
}

/** It writes JSON where it can. */
function lastWords(tail: string[]): string[] {
  const line = tail.at(-1);
  if (line === undefined) return [];
  return [/"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line];
}

async function whenEnded(child: ChildProcess): Promise<string> {
  try {
    // "close" comes after "exit", when everything that it wrote has been read.
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return signal ? `by ${signal}` : `with exit code ${code}`;
  } catch (error) {
    return `before it began: ${(error as Error).message}`;
  }
}
