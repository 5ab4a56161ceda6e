import type { Sql } from "../sql.ts";

/** Those of `uids` that their owners removed, and that no row knows any more. */
export async function loadTombstones(sql: Sql, uids: readonly string[]): Promise<Set<string>> {
  const valid = uids.filter((uid) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uid));
  const rows = await sql<{ uid: string }>(
    `SELECT t.uid FROM tombstones t
     WHERE t.noun = 'container' AND t.uid = ANY($1::uuid[])
       AND NOT EXISTS (SELECT 1 FROM containers c WHERE c.uid = t.uid)`,
    [valid],
  );
  return new Set(rows.map((row) => row.uid));
}
