import type { Sql } from "../sql.ts";

/** Those of `uids` that their owners removed from this machine, and that no row knows any more. */
export async function loadTombstones(sql: Sql, machineId: string, uids: readonly string[]): Promise<Set<string>> {
  const valid = uids.filter((uid) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uid));
  const rows = await sql<{ uid: string }>(
    `SELECT t.uid FROM tombstones t
     WHERE t.noun = 'container' AND t.uid = ANY($1::uuid[]) AND t.machine_id = $2
       AND NOT EXISTS (SELECT 1 FROM containers c WHERE c.uid = t.uid)`,
    [valid, machineId],
  );
  return new Set(rows.map((row) => row.uid));
}
