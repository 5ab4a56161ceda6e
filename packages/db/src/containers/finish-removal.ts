import type { Pool } from "pg";
import type { Fence } from "../leases/fence.ts";
import { releasePlacement } from "../placement/release.ts";
import { inTransaction, type Sql } from "../sql.ts";

/** Deletes those of the rows that are to be removed and never came to be on a machine: there is nothing to wait for. */
export const finishUnplacedRemovals = async (sql: Sql, uids: readonly string[]): Promise<void> => {
  await sql(
    `DELETE FROM containers c WHERE c.uid = ANY ($1::uuid[]) AND c.desired = 'removed'
       AND NOT EXISTS (SELECT 1 FROM placements p WHERE p.container_id = c.container_id)
       AND NOT EXISTS (SELECT 1 FROM held_containers h WHERE h.container_id = c.container_id)`,
    [uids],
  );
};

/**
 * After the container's absence was seen: gives back its GPUs and ports and deletes the row. False where the lease is
 * another's or the owner does not want it removed.
 */
export const finishRemoval = (pool: Pool, fence: Fence, containerId: number): Promise<boolean> =>
  inTransaction(pool, async (sql) => {
    const rows = await sql(
      "SELECT 1 FROM containers WHERE container_id = $1 AND desired = 'removed' AND holds_lease($2, $3, $4) FOR UPDATE",
      [containerId, fence.shard, fence.holder, fence.epoch.toString()],
    );
    if (rows.length === 0) return false;
    await releasePlacement(sql, containerId);
    await sql("DELETE FROM held_containers WHERE container_id = $1", [containerId]);
    await sql("DELETE FROM containers WHERE container_id = $1", [containerId]);
    return true;
  });
