import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import type { MadeFrom } from "./load.ts";

export interface Hold {
  engine_id: string;
  container_id: number;
  machine_id: string;
  /** Of the engine container that is set aside. */
  generation: number;
  /** What a restore goes back to; null where that is not known. */
  made_from: MadeFrom | null;
  holdMs: number;
}

/** Writes the row that keeps a set-aside container and its image. False where the lease is another's. */
export async function recordHold(sql: Sql, fence: Fence, hold: Hold): Promise<boolean> {
  const rows = await sql(
    `INSERT INTO held_containers (engine_id, container_id, machine_id, generation, image_id, held_until, spec,
                                  incarnation, gpu_uuids, ports)
     SELECT $1, $2, $3, $4, COALESCE($9, s.image_id, c.image_id), clock_timestamp() + $5::interval, $10::jsonb,
            COALESCE($11, 0), COALESCE($12::text[], '{}'), COALESCE($13::jsonb, '[]')
     FROM containers c JOIN container_status s USING (container_id)
     WHERE c.container_id = $2 AND holds_lease($6, $7, $8)
     ON CONFLICT (engine_id) DO UPDATE SET held_until = EXCLUDED.held_until RETURNING 1`,
    [
      hold.engine_id,
      hold.container_id,
      hold.machine_id,
      hold.generation,
      `${hold.holdMs} milliseconds`,
      fence.shard,
      fence.holder,
      fence.epoch.toString(),
      hold.made_from?.image_id ?? null,
      hold.made_from ? JSON.stringify(hold.made_from.spec) : null,
      hold.made_from?.incarnation ?? null,
      hold.made_from?.gpu_uuids ?? null,
      hold.made_from ? JSON.stringify(hold.made_from.ports) : null,
    ],
  );
  return rows.length === 1;
}

/** What a container left on a machine that it has moved away from. */
export interface DepartedHold {
  /** The machine on which it is. */
  machine_id: string;
  engine_id: string;
  uid: string;
  generation: number;
  held_until: Date;
}

export const loadDepartedHolds = (sql: Sql, machineIds: readonly string[]): Promise<DepartedHold[]> =>
  sql<DepartedHold>(
    `SELECT h.machine_id, h.engine_id, c.uid, h.generation, h.held_until
     FROM held_containers h JOIN containers c USING (container_id) JOIN placements p USING (container_id)
     WHERE h.machine_id = ANY($1::text[]) AND p.machine_id <> h.machine_id`,
    [machineIds],
  );

/** After it was seen to be gone, or was put back. */
export const forgetHolds = async (sql: Sql, fence: Fence, engineIds: readonly string[]): Promise<void> => {
  await sql("DELETE FROM held_containers WHERE engine_id = ANY($1::text[]) AND holds_lease($2, $3, $4)", [
    engineIds,
    fence.shard,
    fence.holder,
    fence.epoch.toString(),
  ]);
};
