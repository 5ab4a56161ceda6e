import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";

/**
 * The image of a commit is on its container's machine. The fence is that machine's shard. False where that was known, or
 * where its owner has turned away from it meanwhile: who does so locks the image's row first.
 */
export const recordCommitted = async (sql: Sql, fence: Fence, imageId: number): Promise<boolean> => {
  const rows = await sql(
    `WITH wanted AS (SELECT image_id FROM images WHERE image_id = $1 AND desired = 'present' FOR SHARE)
     UPDATE image_status s SET phase = 'Ready', message = '', version = version + 1, lease_epoch = $4
     FROM wanted WHERE s.image_id = wanted.image_id AND phase <> 'Ready' AND holds_lease($2, $3, $4) RETURNING 1`,
    [imageId, fence.shard, fence.holder, fence.epoch.toString()],
  );
  return rows.length > 0;
};
