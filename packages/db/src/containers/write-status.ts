import type { Condition } from "@berth/spec/condition.ts";
import type { ContainerPhase } from "@berth/spec/container.ts";
import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import type { Applied } from "./load.ts";

export interface ContainerStatusWrite {
  container_id: number;
  uid: string;
  /** The version that was read: another writer in between makes this write stale. */
  version: number;
  phase: ContainerPhase;
  running: boolean;
  message: string;
  engine_id: string | null;
  /** Of that engine container. */
  image_id: number | null;
  create_open: boolean;
  applied: Applied | null;
  started_run: number;
  completed_run: number;
  abandoned_generation: number;
  ssh_keys: string | null;
  restarts: number;
  exit_code: number | null;
  next_retry_at: Date | null;
  conditions: Condition[];
  observed_generation: number;
  /** The engine container that is not set aside any more, as it is this container again: its hold ends with this write. */
  unheld_id: string | null;
}

/**
 * Writes a container's status, and forgets its dirty row where that generation is observed now. Returns the new version,
 * or null where the lease is another's or the row changed since it was read: then nothing was written.
 */
export async function writeContainerStatus(
  sql: Sql,
  fence: Fence,
  write: ContainerStatusWrite,
): Promise<number | null> {
  const [row] = await sql<{ version: number }>(
    `WITH written AS (
       UPDATE container_status SET phase = $5, running = $6, message = $7, engine_id = $8, create_open = $9,
         applied = $10::jsonb, started_run = $11, completed_run = $12, abandoned_generation = $13, restarts = $14,
         exit_code = $15, next_retry_at = $16, conditions = $17::jsonb, observed_generation = $18, image_id = $21, ssh_keys = $23,
         lease_epoch = $4, version = version + 1, updated_at = clock_timestamp()
       WHERE container_id = $1 AND version = $2 AND holds_lease($3, $19, $4)
       RETURNING version
     ), cleaned AS (
       DELETE FROM dirty WHERE noun = 'container' AND id = $20 AND generation <= $18 AND EXISTS (SELECT 1 FROM written)
     ), unheld AS (
       DELETE FROM held_containers WHERE engine_id = $22 AND EXISTS (SELECT 1 FROM written)
     )
     SELECT version FROM written`,
    [
      write.container_id,
      write.version,
      fence.shard,
      fence.epoch.toString(),
      write.phase,
      write.running,
      write.message.slice(0, 2_000),
      write.engine_id,
      write.create_open,
      write.applied === null ? null : JSON.stringify(write.applied),
      write.started_run,
      write.completed_run,
      write.abandoned_generation,
      write.restarts,
      write.exit_code,
      write.next_retry_at,
      JSON.stringify(write.conditions),
      write.observed_generation,
      fence.holder,
      write.uid,
      write.image_id,
      write.unheld_id,
      write.ssh_keys,
    ],
  );
  return row?.version ?? null;
}

/**
 * Says that a create may be under way, and from what, before it is: what then bears our name and labels is ours. The new
 * version, or null as of `writeContainerStatus`.
 */
export async function openCreate(
  sql: Sql,
  fence: Fence,
  { container_id, version, applied }: { container_id: number; version: number; applied: Applied },
): Promise<number | null> {
  const [row] = await sql<{ version: number }>(
    `UPDATE container_status SET create_open = true, applied = $6::jsonb, version = version + 1, lease_epoch = $4
     WHERE container_id = $1 AND version = $2 AND holds_lease($3, $5, $4) RETURNING version`,
    [container_id, version, fence.shard, fence.epoch.toString(), fence.holder, JSON.stringify(applied)],
  );
  return row?.version ?? null;
}

/**
 * Says that every run before `run` is over, before a restart starts that one: whoever finds the container up then knows
 * that it need not be stopped for this restart again.
 */
export async function endRunsBefore(
  sql: Sql,
  fence: Fence,
  { container_id, version, run }: { container_id: number; version: number; run: number },
): Promise<number | null> {
  const [row] = await sql<{ version: number }>(
    `UPDATE container_status SET completed_run = GREATEST(completed_run, $6 - 1), version = version + 1, lease_epoch = $4
     WHERE container_id = $1 AND version = $2 AND holds_lease($3, $5, $4) RETURNING version`,
    [container_id, version, fence.shard, fence.epoch.toString(), fence.holder, run],
  );
  return row?.version ?? null;
}

/**
 * Last look before something that can't be undone: the lease is ours, and the owner still wants what `generation` says.
 */
export async function stillWants(sql: Sql, fence: Fence, containerId: number, generation: number): Promise<boolean> {
  const rows = await sql(
    "SELECT 1 FROM containers WHERE container_id = $1 AND generation = $2 AND holds_lease($3, $4, $5)",
    [containerId, generation, fence.shard, fence.holder, fence.epoch.toString()],
  );
  return rows.length === 1;
}
