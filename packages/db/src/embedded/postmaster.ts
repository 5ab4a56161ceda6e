import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** What a running PostgreSQL writes about itself into `postmaster.pid`. */
export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** The postmaster.pid of a cluster, or null where there is none (or one that is just being written). */
export function readPostmaster(cluster: string): Postmaster | null {
  let text: string;
  try {
    text = readFileSync(join(cluster, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port, ready: lines[7]?.trim() === "ready" };
}

/**
 * The postmaster that runs on this cluster now. A postmaster.pid alone proves nothing: after a kill -9 it stays, and
 * its pid may since belong to anybody. PostgreSQL works inside its cluster's folder, and that can be looked up.
 */
export async function findRunningPostmaster(cluster: string): Promise<Postmaster | null> {
  const postmaster = readPostmaster(cluster);
  if (!postmaster || !(await isPostgresOf(cluster, postmaster.pid))) return null;
  return postmaster;
}

async function isPostgresOf(cluster: string, pid: number): Promise<boolean> {
  if (process.platform !== "linux") return isPostgresByCommandLine(cluster, pid);
  try {
    const [program, folder] = await Promise.all([readlink(`/proc/${pid}/exe`), readlink(`/proc/${pid}/cwd`)]);
    // Linux appends " (deleted)" where the file was replaced, as a new installation does.
    return basename(program.replace(/ \(deleted\)$/, "")) === "postgres" && folder === (await realpath(cluster));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return false; // gone, or another user's
    throw error;
  }
}

async function isPostgresByCommandLine(cluster: string, pid: number): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-p", String(pid), "-o", "command="]);
    return stdout.includes("postgres") && stdout.includes(cluster);
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false; // no such process
    throw error;
  }
}

/** Waits until no process has this pid. False when it still lives after `timeoutMs`. */
export async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await delay(20)) {
    if (!isAlive(pid)) return true;
  }
  return false;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ESRCH" || code === "ENOENT") return false;
    if (code === "EPERM") return true; // another user's
    throw error;
  }
}

/** A dead process that its parent has not collected still has its pid, and holds nothing any more. */
function isZombie(pid: number): boolean {
  return process.platform === "linux" && /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
