import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { FleetDirectory } from "./fleet-directory.ts";
import { parseProcessStat, readBootId, type ProcessIdentity } from "./process-identity.ts";

// Its pid survives `exec`, so a process is on record before it does anything. Where the folder of records has gone in
// the meantime the shell ends here: nothing can start behind the back of whoever takes the fleet away. `/proc` shows the
// pid of the namespace in which it was mounted, so a new pid namespace's first process records the machine's number too.
const RECORD_AND_EXEC = `set -e; read -r stat < /proc/self/stat; echo "$stat" > "$0"; [ -e "$0" ]; exec "$@"`;

/** The command that runs `command` in place of itself, after it has recorded the process under `name`. */
export function recordedCommand(fleet: FleetDirectory, name: string, command: readonly string[]): string[] {
  return ["sh", "-c", RECORD_AND_EXEC, join(fleet.path, "pids", name), ...command];
}

/**
 * Starts a process that belongs to a fleet and outlives this one if need be: detached, its output in `logs/NAME.log`.
 * It does not keep this process's event loop alive.
 */
export function spawnRecorded(
  fleet: FleetDirectory,
  name: string,
  command: readonly string[],
  stdin: "ignore" | "pipe" = "ignore",
): ChildProcess {
  mkdirSync(join(fleet.path, "logs"), { recursive: true });
  const log = openSync(logFile(fleet, name), "a", 0o600);
  try {
    const [shell = "sh", ...args] = recordedCommand(fleet, name, command);
    const child = spawn(shell, args, { detached: true, stdio: [stdin, log, log], cwd: "/" });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

export function logFile(fleet: FleetDirectory, name: string): string {
  return join(fleet.path, "logs", `${name}.log`);
}

/** The process that recorded itself last under `name`; null where none has. */
export function readRecorded(fleet: FleetDirectory, name: string): ProcessIdentity | null {
  return readRecord(join(fleet.path, "pids", name));
}

/** Bars the fleet from starting any more processes, and answers those that it has started. */
export function closeRecords(fleet: FleetDirectory): { name: string; identity: ProcessIdentity }[] {
  const open = join(fleet.path, "pids");
  const closed = join(fleet.path, "pids-closed");
  if (existsSync(open)) renameSync(open, closed);
  return readdirSync(closed).flatMap((name) => {
    const identity = readRecord(join(closed, name));
    return identity ? [{ name, identity }] : [];
  });
}

/** Null as well for a record that was cut short: its process found the folder closed, and ended. */
function readRecord(file: string): ProcessIdentity | null {
  const stat = existsSync(file) ? readFileSync(file, "utf8") : "";
  return stat.endsWith("\n") ? { ...parseProcessStat(stat), boot_id: readBootId() } : null;
}
