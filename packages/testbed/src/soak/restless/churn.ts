import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readHeld, TELLS_RESOURCES } from "../../fleet/held-resources.ts";
import { residentMiB } from "../../fleet/resident-memory.ts";
import type { Stage } from "../../faults/stage.ts";
import type { ReconcilerProcess } from "../../scenario/reconciler-process.ts";
import { onRestlessStage } from "./restless-stage.ts";

const MINUTES = Number(process.env["BERTH_SOAK_MINUTES"] ?? 60);
/** In the first, buffers and caches come to their size. */
const ROUNDS = 6;
/** They tell what has happened, and are pruned by their age. */
const HISTORY = new Set(["audit_log", "object_events", "gpu_usage", "idempotency_keys", "attempts", "tombstones"]);

/** All that may leak, when nothing of what was played is left. */
interface Holdings {
  /** Of the reconciler, MiB; after garbage collection. */
  heap: number;
  resident: number;
  server_resident: number;
  /** Of the reconciler: files, sockets and timers. */
  descriptors: number;
  active: Record<string, number>;
  /** Of each table but the histories. */
  rows: Record<string, number>;
}

/**
 * People and hands change everything for an hour. Six times in it all must come to be as asked for, and is deleted: what is
 * then held, in memory, sockets, timers and rows, must not grow.
 */
export const soakChurn = (): Promise<boolean> =>
  onRestlessStage(async ({ stage, people, seed, verdict, converge, clear }) => {
    const reconciler = await stage.startReconciler({ logLevel: "info", execArgv: TELLS_RESOURCES });
    const faults: string[] = [];
    const held: Holdings[] = [];
    for (let round = 1; round <= ROUNDS && faults.length === 0; round += 1) {
      people.begin();
      await delay((MINUTES * 60_000) / ROUNDS);
      await people.end();
      faults.push(...(await converge()));
      // That is to be told, rather than that it can't be cleared away.
      if (faults.length > 0) break;
      await clear();
      held.push(await takeStock(stage, reconciler));
      console.log(`${verdict().created} containers created (${people.summary()}): ${JSON.stringify(held.at(-1))}`);
    }
    const how = await reconciler.stop();
    if (how !== 0) faults.push(`the reconciler ended with ${how}`);
    const { duplicates, losses } = verdict();
    console.log(
      `churn of ${MINUTES} minutes with seed ${seed}: ${duplicates.length} duplicates, ${losses.length} losses`,
    );
    return [
      ...faults,
      ...duplicates.map((what) => `made twice: ${what}`),
      ...losses.map((what) => `lost: ${what}`),
      ...growthOf(held),
    ];
  });

async function takeStock(stage: Stage, reconciler: ReconcilerProcess): Promise<Holdings> {
  const { heap, active } = await readHeld(reconciler);
  return {
    heap: Math.round((heap / 1_048_576) * 10) / 10,
    resident: residentMiB(reconciler.pid),
    server_resident: residentMiB(stage.api.pid),
    descriptors: readdirSync(`/proc/${reconciler.pid}/fd`).length,
    active,
    rows: await countRows(stage),
  };
}

async function countRows({ pool }: Stage): Promise<Record<string, number>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    if (HISTORY.has(name)) continue;
    const { rows } = await pool.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${name}`);
    if (rows[0]!.count > 0) counts[name] = rows[0]!.count;
  }
  return counts;
}

/** Between the second look and the last; the first is before all buffers have come to their size. */
function growthOf(held: readonly Holdings[]): string[] {
  const [, early] = held;
  const late = held.at(-1);
  if (!early || !late || early === late) return ["too few looks to tell what grows"];
  const grown: string[] = [];
  const look = (what: string, from: number, to: number, atMost: number): void => {
    if (to > atMost) grown.push(`${what} grew from ${from} to ${to}`);
  };
  look("the reconciler's heap, MiB,", early.heap, late.heap, early.heap * 1.1 + 3);
  look("the reconciler's memory, MiB,", early.resident, late.resident, early.resident * 1.25 + 20);
  look("the server's memory, MiB,", early.server_resident, late.server_resident, early.server_resident * 1.25 + 40);
  look("the reconciler's descriptors", early.descriptors, late.descriptors, early.descriptors + 8);
  for (const kind of Object.keys(late.active)) {
    const [from, to] = [early.active[kind] ?? 0, late.active[kind] ?? 0];
    look(`the reconciler's ${kind}`, from, to, from + 8);
  }
  for (const table of Object.keys(late.rows)) {
    const [from, to] = [early.rows[table] ?? 0, late.rows[table] ?? 0];
    look(`table ${table}`, from, to, from + 5);
  }
  return grown;
}
