import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Runs `work` while this process alone, of all on this machine, holds the lock on `file`. The kernel gives the lock
 * back when the holder dies, however it dies, so it is never stale: `flock` holds it while its stdin is open, and only
 * this process has the other end.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo locked; read -r _ || true"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true, // a Ctrl-C at the terminal must not take the lock away from the work that it ends
  });
  const ended = once(holder, "exit");
  const locked = once(holder.stdout, "data");
  const first = await Promise.race([locked.then(() => "locked"), ended.then(([code]) => `flock ended with ${code}`)]);
  if (first !== "locked") throw new Error(`the lock ${file} can't be had: ${first}`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
