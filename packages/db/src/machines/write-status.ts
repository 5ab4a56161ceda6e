import type { Condition } from "@berth/spec/condition.ts";
import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import type { MachineFacts } from "./load.ts";

export interface MachineStatusWrite {
  machine_id: string;
  /** The version that was read. */
  version: number;
  online: boolean;
  engine_version: string | null;
  api_version: string | null;
  conditions: Condition[];
  observed_generation: number;
  /** What the engine or the probe told; null leaves what is there. */
  facts: Partial<MachineFacts> | null;
}

/** As `writeContainerStatus`: the new version, or null where nothing was written. */
export async function writeMachineStatus(sql: Sql, fence: Fence, write: MachineStatusWrite): Promise<number | null> {
  const [row] = await sql<{ version: number }>(
    `WITH written AS (
       UPDATE machine_status SET online = $6, engine_version = $7, api_version = $8, conditions = $9::jsonb,
         observed_generation = $10, cores = COALESCE($11, cores), memory = COALESCE($12::jsonb, memory),
         gpus = COALESCE($13::jsonb, gpus), cpus = COALESCE($14::jsonb, cpus), disk = COALESCE($15::jsonb, disk),
         foreign_gpus = COALESCE($16::text[], foreign_gpus), missing_gpus = COALESCE($17::text[], missing_gpus),
         boot_id = COALESCE($18, boot_id),
         lease_epoch = $5, version = version + 1
       WHERE machine_id = $1 AND version = $2 AND holds_lease($3, $4, $5)
       RETURNING version
     ), cleaned AS (
       DELETE FROM dirty WHERE noun = 'machine' AND id = $1 AND generation <= $10 AND EXISTS (SELECT 1 FROM written)
     )
     SELECT version FROM written`,
    [
      write.machine_id,
      write.version,
      fence.shard,
      fence.holder,
      fence.epoch.toString(),
      write.online,
      write.engine_version,
      write.api_version,
      JSON.stringify(write.conditions),
      write.observed_generation,
      write.facts?.cores ?? null,
      asJson(write.facts?.memory),
      asJson(write.facts?.gpus),
      asJson(write.facts?.cpus),
      asJson(write.facts?.disk),
      write.facts?.foreign_gpus ?? null,
      write.facts?.missing_gpus ?? null,
      write.facts?.boot_id ?? null,
    ],
  );
  return row?.version ?? null;
}

const asJson = (value: object | null | undefined): string | null => (value ? JSON.stringify(value) : null);

/** When each machine's containers were last listed whole: one statement for all of them. */
export async function writeHeartbeats(
  sql: Sql,
  holder: string,
  heartbeats: readonly { machine_id: string; last_list_at: Date }[],
): Promise<void> {
  if (heartbeats.length === 0) return;
  await sql(
    `UPDATE machine_status s SET last_list_at = h.at
     FROM unnest($1::text[], $2::timestamptz[]) AS h(machine_id, at), machines m, leases l
     WHERE s.machine_id = h.machine_id AND m.machine_id = h.machine_id AND l.shard = m.shard AND l.holder = $3`,
    [heartbeats.map((beat) => beat.machine_id), heartbeats.map((beat) => beat.last_list_at), holder],
  );
}

/** Nothing is known of the containers on a machine that is away: what they held stays held. */
export async function markContainersUnknown(
  sql: Sql,
  fence: Fence,
  machineId: string,
  message: string,
): Promise<{ uid: string; container_id: number }[]> {
  return sql(
    `UPDATE container_status s SET phase = 'Unknown', message = $2, version = version + 1, updated_at = clock_timestamp()
     FROM placements p, containers c
     WHERE p.container_id = s.container_id AND c.container_id = s.container_id AND p.machine_id = $1
       AND c.desired <> 'removed' AND s.engine_id IS NOT NULL AND s.phase <> 'Unknown' AND holds_lease($3, $4, $5)
     RETURNING c.uid, c.container_id`,
    [machineId, message, fence.shard, fence.holder, fence.epoch.toString()],
  );
}
