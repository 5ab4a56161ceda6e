import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import { advanceLine } from "./advance-line.ts";
import { leaveLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";

/**
 * Gives GPUs back, to those who wait first, after the stop or the end was seen. The placement remembers them, and keeps
 * the ports. Nothing is given back where the owner has asked for something else since `generation`: a start that came in
 * between has claimed them again.
 */
export async function releaseGpus(sql: Sql, fence: Fence, containerId: number, generation: number): Promise<void> {
  await lockPlacement(sql);
  await sql(
    `DELETE FROM gpu_allocations a USING containers c JOIN placements p USING (container_id)
     WHERE a.container_id = $1 AND a.machine_id = p.machine_id AND c.container_id = $1 AND c.generation = $2 AND holds_lease($3, $4, $5)`,
    [containerId, generation, fence.shard, fence.holder, fence.epoch.toString()],
  );
  await advanceLine(sql);
}

/**
 * Gives back what the placement does not name any more, after the engine container that used it was seen to be down or
 * made anew. As `releaseGpus`, nothing happens where the owner has asked for something else since.
 */
export async function releaseSurplus(sql: Sql, fence: Fence, containerId: number, generation: number): Promise<void> {
  await lockPlacement(sql);
  const isStill = "c.container_id = $1 AND c.generation = $2 AND holds_lease($3, $4, $5)";
  const parameters = [containerId, generation, fence.shard, fence.holder, fence.epoch.toString()];
  await sql(
    `DELETE FROM gpu_allocations a USING containers c JOIN placements p USING (container_id)
     WHERE a.container_id = $1 AND a.machine_id = p.machine_id AND ${isStill} AND a.gpu_uuid <> ALL (p.gpu_uuids)`,
    parameters,
  );
  await sql(
    `DELETE FROM port_allocations a USING containers c JOIN placements p USING (container_id)
     WHERE a.container_id = $1 AND a.machine_id = p.machine_id AND ${isStill} AND NOT EXISTS (
       SELECT 1 FROM jsonb_array_elements(p.ports) AS port
       WHERE port->>'protocol' = a.protocol AND (port->>'host_port')::int = a.host_port)`,
    parameters,
  );
  await advanceLine(sql);
}

/** Gives everything back, its place in the line too, after the removal was seen. */
export async function releasePlacement(sql: Sql, containerId: number): Promise<void> {
  await lockPlacement(sql);
  await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM port_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM placements WHERE container_id = $1", [containerId]);
  await leaveLine(sql, containerId);
  await advanceLine(sql);
}
