import type { Sql } from "../sql.ts";

export interface DirtyRow {
  noun: "container" | "machine" | "image";
  id: string;
}

/** Of a container that waits to be placed there is nothing to observe. */
const IS_OBSERVABLE = `noun <> 'container' OR NOT EXISTS (
  SELECT 1 FROM containers c LEFT JOIN placements p USING (container_id)
  WHERE c.uid::text = d.id AND c.desired <> 'removed' AND p.container_id IS NULL)`;

/** What was changed and not yet observed, oldest first: the repair of a lost notification. */
export const loadDirty = (sql: Sql, limit: number): Promise<DirtyRow[]> =>
  sql<DirtyRow>(`SELECT noun, id FROM dirty d WHERE ${IS_OBSERVABLE} ORDER BY marked_at LIMIT $1`, [limit]);

export interface DirtyCount {
  noun: DirtyRow["noun"];
  count: number;
  oldest_at: Date;
}

/** How much of it there is, and since when. */
export const countDirty = (sql: Sql): Promise<DirtyCount[]> =>
  sql<DirtyCount>(
    `SELECT noun, count(*)::int AS count, min(marked_at) AS oldest_at FROM dirty d WHERE ${IS_OBSERVABLE}
     GROUP BY noun ORDER BY noun`,
  );

/**
 * Forgets rows whose object is gone, and those that nobody takes away: of a generation that was observed, as where a
 * placement changed nothing that a status shows, and of a machine that nobody looks at any more. The latter two after a
 * minute: every reconciler has polled them by then.
 */
export async function sweepDirty(sql: Sql): Promise<void> {
  // As joins: of tens of thousands that were made at once, each would else be looked for among all.
  await sql(
    `DELETE FROM dirty d WHERE noun = 'container' AND NOT EXISTS (SELECT 1 FROM containers c WHERE c.uid::text = d.id)`,
  );
  await sql(
    `DELETE FROM dirty d WHERE noun = 'machine' AND NOT EXISTS (SELECT 1 FROM machines m WHERE m.machine_id = d.id)`,
  );
  await sql(
    `DELETE FROM dirty d WHERE noun = 'image' AND NOT EXISTS (SELECT 1 FROM images i WHERE i.image_id::text = d.id)`,
  );
  await sql(
    `DELETE FROM dirty d USING containers c JOIN container_status s USING (container_id)
     WHERE d.noun = 'container' AND d.marked_at < now() - interval '1 minute'
       AND c.uid::text = d.id AND s.observed_generation >= d.generation`,
  );
  await sql(
    `DELETE FROM dirty d USING image_status s
     WHERE d.noun = 'image' AND d.marked_at < now() - interval '1 minute'
       AND s.image_id::text = d.id AND s.observed_generation >= d.generation`,
  );
  await sql(
    `DELETE FROM dirty d USING machines m
     WHERE d.noun = 'machine' AND d.marked_at < now() - interval '1 minute'
       AND m.machine_id = d.id AND m.state = 'decommissioned'`,
  );
}
