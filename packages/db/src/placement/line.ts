import type { Sql } from "../sql.ts";
import type { GpuAsk } from "./ledger.ts";

/** At the end of the line; one that is in it already keeps its place. To be called under the placement lock. */
export const joinLine = async (sql: Sql, ask: Omit<GpuAsk, "isPlaced" | "cpus">): Promise<void> => {
  await sql(
    `INSERT INTO waiting_line (container_id, machine_id, machine_ids, gpu_count, gpu_type, gpu_uuids)
     VALUES ($1, $2, $3::text[], $4, $5, $6::text[]) ON CONFLICT (container_id) DO NOTHING`,
    [ask.container_id, ask.machine_id, ask.machine_ids ?? [], ask.gpu_count, ask.gpu_type, ask.gpu_uuids ?? []],
  );
};

/** True where it was in the line. Whoever stood behind it may have a turn now: `advanceLine` comes after. */
export const leaveLine = async (sql: Sql, containerId: number): Promise<boolean> =>
  (await sql("DELETE FROM waiting_line WHERE container_id = $1 RETURNING 1", [containerId])).length > 0;

export const isInLine = async (sql: Sql, containerId: number): Promise<boolean> =>
  (await sql("SELECT 1 FROM waiting_line WHERE container_id = $1", [containerId])).length > 0;

/** The first of all who wait for the same, and how they ask. */
export interface LineHead extends GpuAsk {
  /** Those that it was made with: others of the type would do, but these spare it a recreate. */
  remembered: string[];
  reason: string;
}

interface Row extends Omit<LineHead, "gpu_uuids" | "machine_ids"> {
  machine_ids: string[];
  gpu_uuids: string[];
}

/**
 * The first of each group that asks for the very same, in the order of their numbers: where it gets nothing, none behind
 * it in its group does.
 */
export async function loadLineHeads(sql: Sql): Promise<LineHead[]> {
  const rows = await sql<Row>(
    `SELECT container_id, machine_id, machine_ids, gpu_count, gpu_type, gpu_uuids, cpus, "isPlaced", remembered, reason FROM (
       SELECT DISTINCT ON (machine, w.machine_ids, w.gpu_count, w.gpu_type, w.gpu_uuids, cpus, "isPlaced")
              w.container_id, w.number, COALESCE(p.machine_id, w.machine_id) AS machine_id, w.machine_ids, w.gpu_count, w.gpu_type,
              w.gpu_uuids, (c.spec->>'cpus')::float8 AS cpus, p.container_id IS NOT NULL AS "isPlaced",
              COALESCE(p.gpu_uuids, '{}') AS remembered, w.reason,
              COALESCE(p.machine_id, w.machine_id) AS machine
       FROM waiting_line w JOIN containers c USING (container_id) LEFT JOIN placements p USING (container_id)
       ORDER BY machine, w.machine_ids, w.gpu_count, w.gpu_type, w.gpu_uuids, cpus, "isPlaced", w.number
     ) heads ORDER BY number`,
  );
  return rows.map((row) => ({
    ...row,
    machine_ids: row.machine_ids.length > 0 ? row.machine_ids : null,
    gpu_uuids: row.gpu_uuids.length > 0 ? row.gpu_uuids : null,
  }));
}
