import type { Sql } from "../sql.ts";

const KEPT_DAYS = 365;

/**
 * Forgets the tombstones of what was removed long ago and is gone. An engine that comes back after that with such a container
 * keeps it, and it is told as one that nobody knows. Returns how many they were.
 */
export async function pruneTombstones(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }>(
    `WITH pruned AS (
       DELETE FROM tombstones t WHERE t.deleted_at < now() - make_interval(days => $1::int)
         AND NOT EXISTS (SELECT 1 FROM containers c WHERE c.uid = t.uid)
       RETURNING 1
     ) SELECT count(*)::int AS count FROM pruned`,
    [KEPT_DAYS],
  );
  return row?.count ?? 0;
}
