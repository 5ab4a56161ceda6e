import type { Sql } from "../sql.ts";
import { lockPlacement } from "./lock.ts";

/** Gives the GPUs back after the stop or the end was seen. The placement remembers them, and keeps the ports. */
export async function releaseGpus(sql: Sql, containerId: number): Promise<void> {
  await lockPlacement(sql);
  await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [containerId]);
}

/** Gives everything back after the removal was seen. */
export async function releasePlacement(sql: Sql, containerId: number): Promise<void> {
  await lockPlacement(sql);
  await sql("DELETE FROM gpu_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM port_allocations WHERE container_id = $1", [containerId]);
  await sql("DELETE FROM placements WHERE container_id = $1", [containerId]);
}
