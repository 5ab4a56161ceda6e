import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import { lockPlacement } from "./lock.ts";

/**
 * Gives GPUs back after the stop or the end was seen. The placement remembers them, and keeps the ports. Nothing happens
 * where the owner has asked for something else since `generation`: a start that came in between has claimed them again.
 */
export async function releaseGpus(sql: Sql, fence: Fence, containerId: number, generation: number): Promise<void> {
  await lockPlacement(sql);
  await sql(
    `DELETE FROM gpu_allocations USING containers c
     WHERE gpu_allocations.container_id = $1 AND c.container_id = $1 AND c.generation = $2 AND holds_lease($3, $4, $5)`,
    [containerId, generation, fence.shard, fence.holder, fence.epoch.toString()],
  );
}

/** Gives everything back after the removal was seen. */
export async function releasePlacement(sql: Sql, containerId: number): Promise<void> {
  await lockPlacement(sql);
  await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM port_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM placements WHERE container_id = $1", [containerId]);
}
