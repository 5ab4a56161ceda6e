import { EmbeddedPostgresError } from "./error.ts";
import { findRunningPostmaster, waitUntilGone } from "./postmaster.ts";

/** PostgreSQL's shutdown modes, mildest first. A cluster ended by the last two recovers from its log at the next start. */
const SHUTDOWN = [
  { signal: "SIGINT", timeoutMs: 30_000 }, // fast: rolls back what is open, writes a checkpoint
  { signal: "SIGQUIT", timeoutMs: 10_000 }, // immediate: ends all backends, writes nothing
  { signal: "SIGKILL", timeoutMs: 5_000 },
] as const;

/** Ends the postmaster with this pid, and returns when the process is gone. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const { signal, timeoutMs } of SHUTDOWN) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
      throw error;
    }
    if (await waitUntilGone(pid, timeoutMs)) return;
  }
  throw new EmbeddedPostgresError(`PostgreSQL (pid ${pid}) does not end`);
}

/** Ends a PostgreSQL that a killed run left behind on this cluster, if there is one. */
export async function endOrphan(cluster: string): Promise<void> {
  const orphan = await findRunningPostmaster(cluster);
  if (orphan) await stopPostmaster(orphan.pid);
}
