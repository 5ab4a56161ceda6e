import type { Sql } from "@berth/db/sql.ts";
import type { LockedContainer } from "./lock.ts";

/**
 * For a container that turns away from its image: where that was to keep its content and is not committed yet, nobody
 * ever will, and it would need its parent for ever, so that it is marked absent. What is committed stays its owner's.
 */
export async function dropUncommitted(sql: Sql, { container_id, uid, image_id }: LockedContainer): Promise<void> {
  // Locked before its phase is read: a commit that is under way is recorded before that, or not at all.
  const kept = await sql(
    `SELECT 1 FROM images
     WHERE image_id = $1 AND source = 'commit' AND origin_uid = $2::uuid AND desired = 'present' FOR UPDATE`,
    [image_id, uid],
  );
  if (kept.length === 0) return;
  await sql(
    `UPDATE images i SET desired = 'absent'
     FROM image_status s
     WHERE i.image_id = $1 AND s.image_id = $1 AND s.phase <> 'Ready'
       AND NOT EXISTS (SELECT 1 FROM containers c WHERE c.image_id = $1 AND c.container_id <> $2)`,
    [image_id, container_id],
  );
}
