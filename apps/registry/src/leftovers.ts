import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { configFile } from "./config.ts";

const GONE_MS = 10_000;

/**
 * Ends whatever an earlier keeper of this folder left running, a registry or its garbage collection: with a registry that
 * takes pushes beside it, the latter would delete what is being pushed. They are known by the config that they were
 * started with. Throws where one does not end.
 */
export async function endLeftovers(folder: string): Promise<number> {
  const configs = [configFile(folder, "writable"), configFile(folder, "read-only")];
  const found = await listUsers(configs);
  for (const pid of found) kill(pid);
  const deadline = performance.now() + GONE_MS;
  while ((await listUsers(configs)).length > 0) {
    if (performance.now() > deadline) throw new Error(`the processes ${found.join(", ")} do not end`);
    await delay(20);
  }
  return found.length;
}

const listUsers = (configs: string[]): Promise<number[]> =>
  process.platform === "linux" ? fromProc(configs) : fromPs(configs);

async function fromProc(configs: string[]): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const users = await Promise.all(pids.map(async (pid) => ((await isUser(pid, configs)) ? [pid] : [])));
  return users.flat();
}

async function isUser(pid: number, configs: string[]): Promise<boolean> {
  if (pid === process.pid) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // it has just ended
  const words = commandLine.split("\0");
  return words.some((word) => configs.includes(word)) && words.some((word) => COMMANDS.has(word));
}

const COMMANDS = new Set(["serve", "garbage-collect"]);

async function fromPs(configs: string[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,command="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, command = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return configs.some((config) => command.endsWith(` ${config}`)) ? [Number(pid)] : [];
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
