import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, closeSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findBinaries } from "./binaries.ts";
import { ensureCluster } from "./create-cluster.ts";
import { ensureDatabase } from "./ensure-database.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { layoutOf, urlOf, type Layout } from "./layout.ts";
import { pickPort } from "./pick-port.ts";
import { findRunningPostmaster, isAlive, readPostmaster } from "./postmaster.ts";
import { serverArguments } from "./settings.ts";
import { endOrphan, stopPostmaster } from "./stop.ts";
import { POSTGRES_ENV, unprivileged } from "./unprivileged.ts";

export interface EmbeddedPostgresOptions {
  /** Made if it is missing, mode 0700. */
  dataDir: string;
  /** Must be free. Without it: the port of the last start if that is free, else any. */
  port?: number;
  /** PostgreSQL settings that override Berth's, such as `fsync: "off"`. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** The superuser's, with password, to the database `berth`. */
  url: string;
  port: number;
  pid: number;
  /** Settles when the process has ended, by `stop` or by itself. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** A fast shutdown: open transactions are rolled back. Returns when the process is gone. Safe to repeat. */
  stop(): Promise<void>;
}

/** How long recovery after a crash may take before the start counts as failed. */
const READY_TIMEOUT_MS = 120_000;
/** After a kill -9 of the postmaster its backends hold the shared memory until they notice, within a second or so. */
const LINGERING_BACKENDS_MS = 10_000;

/**
 * Starts a PostgreSQL of our own on 127.0.0.1. The caller must own `dataDir` exclusively: a PostgreSQL that still runs
 * on it is taken for an orphan of a killed run, and ended first.
 *
 * It runs in a session of its own, so a terminal's Ctrl-C does not end it before its clients have finished.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const layout = layoutOf(options.dataDir);
  const password = await ensureCluster(layout, binaries);
  await endOrphan(layout.cluster);
  await removeStalePidFile(layout.cluster);

  const port = await choosePort(options.port, layout);
  const [command, args] = await unprivileged(
    binaries.postgres,
    serverArguments(layout.cluster, port, options.settings),
  );
  const server = await launch(command, args, layout);
  try {
    await ensureDatabase(urlOf(port, password, "postgres"));
    await writeFile(layout.port, `${port}\n`);
  } catch (error) {
    await stopPostmaster(server.pid);
    throw error;
  }
  let hasExited = false;
  const exited = server.exited.finally(() => (hasExited = true));
  return {
    url: urlOf(port, password),
    port,
    pid: server.pid,
    exited,
    async stop() {
      if (!hasExited) await stopPostmaster(server.pid); // a pid that is free again may be anybody's
      await exited;
    },
  };
}

async function choosePort(wanted: number | undefined, layout: Layout): Promise<number> {
  if (wanted === undefined) return pickPort(existsSync(layout.port) ? Number(await readFile(layout.port, "utf8")) : 0);
  if ((await pickPort(wanted)) === wanted) return wanted;
  throw new EmbeddedPostgresError(`port ${wanted} on 127.0.0.1 is in use, so PostgreSQL can't listen there`);
}

/** PostgreSQL refuses to start while the pid in a leftover file is anybody's. Whose it is was looked up before. */
async function removeStalePidFile(cluster: string): Promise<void> {
  const left = readPostmaster(cluster);
  if (left && isAlive(left.pid) && !(await findRunningPostmaster(cluster))) {
    await rm(join(cluster, "postmaster.pid"), { force: true });
  }
}

interface Server {
  pid: number;
  exited: EmbeddedPostgres["exited"];
}

async function launch(command: string, args: string[], layout: Layout): Promise<Server> {
  for (const giveUpAt = performance.now() + LINGERING_BACKENDS_MS; ; await delay(200)) {
    const child = await spawnLogged(command, args, layout);
    const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    if (await becomesReady(child, layout.cluster)) return { pid: child.pid!, exited };
    const said = await lastWords(layout.log);
    if (said.includes("pre-existing shared memory block") && performance.now() < giveUpAt) continue;
    throw new EmbeddedPostgresError(`PostgreSQL did not start: ${said} (${layout.log})`);
  }
}

async function spawnLogged(command: string, args: string[], layout: Layout): Promise<ChildProcess> {
  if (existsSync(layout.log)) await rename(layout.log, layout.previousLog);
  const log = openSync(layout.log, "w", 0o600);
  try {
    const child = spawn(command, args, { stdio: ["ignore", log, log], detached: true, env: POSTGRES_ENV });
    await once(child, "spawn");
    return child;
  } catch (cause) {
    // The programs need glibc; where the system has another libc, the kernel finds no loader for them.
    throw new EmbeddedPostgresError("this system can't run the PostgreSQL that comes with Berth: set DATABASE_URL", {
      cause,
    });
  } finally {
    closeSync(log);
  }
}

async function becomesReady(child: ChildProcess, cluster: string): Promise<boolean> {
  for (const deadline = performance.now() + READY_TIMEOUT_MS; performance.now() < deadline; await delay(20)) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    const postmaster = readPostmaster(cluster);
    if (postmaster?.ready && postmaster.pid === child.pid) return true;
  }
  await stopPostmaster(child.pid!);
  return false;
}

async function lastWords(log: string): Promise<string> {
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  const fatal = lines.findLast((line) => line.includes("FATAL:")) ?? lines.at(-1) ?? "";
  return fatal.replace(/^.*FATAL: */, "") || "it said nothing";
}
