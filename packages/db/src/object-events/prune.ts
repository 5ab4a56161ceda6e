import type { Sql } from "../sql.ts";

/** Deletes what last happened more than `days` ago; returns how many. */
export async function pruneObjectEvents(sql: Sql, days: number): Promise<number> {
  const rows = await sql<{ pruned: number }>(
    `WITH pruned AS (DELETE FROM object_events WHERE last_at < now() - make_interval(days => $1) RETURNING 1)
     SELECT count(*)::int AS pruned FROM pruned`,
    [days],
  );
  return rows[0]?.pruned ?? 0;
}
