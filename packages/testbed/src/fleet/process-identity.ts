import { readFileSync } from "node:fs";
import { z } from "zod";

/** Names one process for good: pids are reused, and a reboot starts them anew. */
export const ProcessIdentity = z.object({
  pid: z.int().positive(),
  /** Clock ticks between the boot and the process's start. */
  start_time: z.string(),
  boot_id: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** Reads `/proc/PID/stat`, or what was copied from it. The second field is a name in parentheses and may hold anything. */
export function parseProcessStat(stat: string): { pid: number; parent_pid: number; start_time: string } {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid: Number.parseInt(stat, 10), parent_pid: Number(fields[1]), start_time: fields[19] ?? "" };
}

export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

export function ownIdentity(): ProcessIdentity {
  const { pid, start_time } = parseProcessStat(readFileSync("/proc/self/stat", "utf8"));
  return { pid, start_time, boot_id: readBootId() };
}

/** True while this very process is there. A zombie, which only waits to be collected, is not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot_id !== readBootId()) return false;
  const stat = readProcFile(`/proc/${identity.pid}/stat`);
  if (stat === null) return false;
  const isZombie = stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  return !isZombie && parseProcessStat(stat).start_time === identity.start_time;
}

/** Sends SIGKILL to this very process; nothing happens where it has gone. */
export function killProcess(identity: ProcessIdentity): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A file of a process that may end at any moment: null where it has. */
export function readProcFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}
