import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./start.ts";

/** What must survive here is a killed process, not a power cut, so nothing is worth a disk flush. */
const SETTINGS = { fsync: "off", full_page_writes: "off", max_connections: "300" };

/** A folder for one PostgreSQL that ends and is removed with this process, however this process ends. */
export interface ThrowawayFolder {
  start(port?: number): Promise<EmbeddedPostgres>;
  /** Ends the PostgreSQL that was started last, and removes the folder. */
  remove(): Promise<void>;
}

export async function makeThrowawayFolder(): Promise<ThrowawayFolder> {
  const folder = await mkdtemp(join(tmpdir(), "berth-postgres-"));
  const guard = guardFolder(folder);
  let running: EmbeddedPostgres | undefined;
  return {
    async start(port) {
      running = await startEmbeddedPostgres({ dataDir: folder, settings: SETTINGS, ...(port && { port }) });
      return running;
    },
    async remove() {
      await running?.stop();
      await rm(folder, { recursive: true, force: true });
      guard.stdin.end();
    },
  };
}

/**
 * A shell that waits for the end of its input, which comes even when this process is killed with -9, and then ends the
 * PostgreSQL in the folder and removes it. Its own session keeps a terminal's Ctrl-C from it.
 */
function guardFolder(folder: string) {
  const script = `read -r _
    [ -f "$1/cluster/postmaster.pid" ] && kill -QUIT "$(head -n 1 "$1/cluster/postmaster.pid")"
    while ! rm -rf "$1"; do sleep 0.1; done`;
  const guard = spawn("sh", ["-c", script, "sh", folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}
