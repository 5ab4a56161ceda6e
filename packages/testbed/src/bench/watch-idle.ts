import { setTimeout as delay } from "node:timers/promises";
import { cpuSeconds } from "../fleet/cpu-seconds.ts";
import { residentMiB } from "../fleet/resident-memory.ts";
import type { BenchBerth } from "./bench-berth.ts";

/** Long enough for whole minutes. */
const WATCH_MS = 130_000;
const SETTLE_MS = 15_000;

/** The reconciler's process while nothing but time passes. */
export interface Idle {
  /** Percent of one core. */
  cpu: number;
  /** The highest seen, MiB. */
  rss: number;
  /** Of the database. */
  statementsPerSecond: number;
  walBytesPerSecond: number;
}

export async function watchIdle(berth: BenchBerth): Promise<Idle> {
  await delay(SETTLE_MS);
  const { pid } = berth.reconciler;
  const before = { cpu: cpuSeconds(pid), ...(await readDatabase(berth)), at: performance.now() };
  let rss = 0;
  while (performance.now() - before.at < WATCH_MS) {
    rss = Math.max(rss, residentMiB(pid));
    await delay(1_000);
  }
  const seconds = (performance.now() - before.at) / 1_000;
  const after = { cpu: cpuSeconds(pid), ...(await readDatabase(berth)) };
  return {
    cpu: (100 * (after.cpu - before.cpu)) / seconds,
    rss,
    statementsPerSecond: (after.transactions - before.transactions) / seconds,
    walBytesPerSecond: (after.wal - before.wal) / seconds,
  };
}

async function readDatabase({ sql }: BenchBerth): Promise<{ transactions: number; wal: number }> {
  const [row] = await sql<{ transactions: number; wal: number }>(
    `SELECT xact_commit::float8 AS transactions, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  if (!row) throw new Error("the database tells no figures");
  return row;
}
