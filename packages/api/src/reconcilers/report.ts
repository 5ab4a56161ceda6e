import { countDirty } from "@berth/db/dirty/load.ts";
import { isHolderAlive } from "@berth/db/leases/shard-leases.ts";
import type { Sql } from "@berth/db/sql.ts";
import { Condition } from "@berth/spec/condition.ts";
import { HEALTH_STALE_MS, ReconcilerHealth, type ReconcilersReport } from "@berth/spec/reconciler.ts";
import { z } from "zod";

const MOST = 50;

/** How the reconcilers do: what they tell themselves, and what the tables say of what they have done. */
export async function reportReconcilers(sql: Sql): Promise<ReconcilersReport> {
  const [{ at, reconcilers }, shards, unobserved, unreachable, oldest, operations] = await Promise.all([
    readReconcilers(sql),
    sql<{ shard: number; holder: string | null; epoch: number; since: Date | null }>(
      `SELECT shard, CASE WHEN expires_at > clock_timestamp() THEN holder::text END AS holder, epoch::int,
              CASE WHEN expires_at > clock_timestamp() THEN held_since END AS since FROM leases ORDER BY shard`,
    ),
    countDirty(sql),
    sql<{ machine_id: string; name: string; conditions: unknown; count: number }>(
      `SELECT m.machine_id, m.name, s.conditions, (count(*) OVER ())::int AS count
       FROM machines m JOIN machine_status s USING (machine_id)
       WHERE NOT s.online AND m.state <> 'decommissioned' ORDER BY m.name LIMIT ${MOST}`,
    ),
    sql<{ machine_id: string; name: string; at: Date }>(
      `SELECT m.machine_id, m.name, s.last_list_at AS at FROM machines m JOIN machine_status s USING (machine_id)
       WHERE s.online AND m.state <> 'decommissioned' AND s.last_list_at IS NOT NULL ORDER BY s.last_list_at LIMIT 1`,
    ),
    readOperations(sql),
  ]);
  const [oldestList] = oldest;
  return {
    at,
    reconcilers: reconcilers.map((row) => ({
      ...row,
      shards: shards.filter(({ holder }) => holder === row.holder).length,
    })),
    shards: shards.map((row) => ({ ...row, since: row.since?.toISOString() ?? null })),
    unobserved: unobserved.map((row) => ({ ...row, oldest_at: row.oldest_at.toISOString() })),
    unreachable: unreachable.map(({ machine_id, name, conditions }) => ({
      machine_id,
      name,
      message:
        z
          .array(Condition)
          .parse(conditions)
          .find(({ type }) => type === "Reachable")?.message ?? "",
    })),
    unreachable_count: unreachable[0]?.count ?? 0,
    oldest_list: oldestList ? { ...oldestList, at: oldestList.at.toISOString() } : null,
    operations,
  };
}

interface ReconcilerRow {
  at: Date;
  holder: string | null;
  alive: boolean;
  registered_at: Date;
  expires_at: Date;
  health: unknown;
  health_at: Date | null;
  stale: boolean;
}

/** Those that live, and those that ended within the day without a word. One row without a holder where there is none. */
async function readReconcilers(
  sql: Sql,
): Promise<{ at: string; reconcilers: Omit<ReconcilersReport["reconcilers"][number], "shards">[] }> {
  const rows = await sql<ReconcilerRow>(
    `SELECT clock_timestamp() AS at, r.holder::text, ${isHolderAlive("r")} AS alive, r.registered_at, r.expires_at, r.health,
            r.health_at, COALESCE(r.health_at < clock_timestamp() - interval '${HEALTH_STALE_MS} milliseconds', true) AS stale
     FROM (SELECT 1) one LEFT JOIN reconcilers r ON r.expires_at > clock_timestamp() - interval '1 day'
     ORDER BY alive DESC, r.registered_at DESC LIMIT ${MOST}`,
  );
  return {
    at: (rows[0]?.at ?? new Date()).toISOString(),
    reconcilers: rows.flatMap(({ holder, health, health_at, registered_at, expires_at, alive, stale }) => {
      if (holder === null) return [];
      const told = ReconcilerHealth.safeParse(health).data ?? null;
      return [
        {
          holder,
          alive,
          stale,
          registered_at: registered_at.toISOString(),
          expires_at: expires_at.toISOString(),
          // That of another release may say it in other words.
          health: told,
          told_at: health_at?.toISOString() ?? null,
        },
      ];
    }),
  };
}

interface OperationRow extends Omit<ReconcilersReport["operations"][number], "since" | "progress" | "total"> {
  progress: string | null;
  total: string | null;
  since: Date | null;
}

async function readOperations(sql: Sql): Promise<ReconcilersReport["operations"]> {
  const rows = await sql<OperationRow>(
    `SELECT i.image_id, i.name, s.phase, s.progress::text, s.total::text, s.attempt_at AS since
     FROM images i JOIN image_status s USING (image_id)
     WHERE s.phase IN ('Building', 'Committing', 'Mirroring', 'Pushing', 'Verifying', 'Deleting')
     ORDER BY s.attempt_at NULLS LAST, i.image_id LIMIT ${MOST}`,
  );
  const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));
  return rows.map(({ progress, total, since, ...row }) => ({
    ...row,
    progress: numberOf(progress),
    total: numberOf(total),
    since: since?.toISOString() ?? null,
  }));
}
