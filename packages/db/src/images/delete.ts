import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";

/** SQL over `i` (images): something needs it, whatever anybody has asked for meanwhile. */
const IS_NEEDED = `(
  EXISTS (SELECT 1 FROM images child WHERE child.parent_image_id = i.image_id)
  OR EXISTS (SELECT 1 FROM containers c WHERE c.image_id = i.image_id)
  OR EXISTS (SELECT 1 FROM container_status s WHERE s.image_id = i.image_id)
  OR EXISTS (SELECT 1 FROM moves v WHERE v.image_id = i.image_id)
  OR EXISTS (SELECT 1 FROM held_containers h WHERE h.image_id = i.image_id))`;

/** Names of what needs an image: containers as `account/name`, images by their names. */
export async function findDependents(sql: Sql, imageId: number): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    `SELECT u.account || '/' || c.name AS name FROM containers c JOIN users u USING (user_id)
     WHERE c.image_id = $1
        OR EXISTS (SELECT 1 FROM container_status s WHERE s.container_id = c.container_id AND s.image_id = $1)
        OR EXISTS (SELECT 1 FROM moves v WHERE v.container_id = c.container_id AND v.image_id = $1)
        OR EXISTS (SELECT 1 FROM held_containers h WHERE h.container_id = c.container_id AND h.image_id = $1)
     UNION ALL SELECT name FROM images WHERE parent_image_id = $1
     ORDER BY 1 LIMIT 20`,
    [imageId],
  );
  return rows.map(({ name }) => name);
}

/**
 * Whether another image that is to stay has this digest in the same repository, or this name. A digest that a copy is
 * about to have counts.
 */
export async function sharesDigest(
  sql: Sql,
  imageId: number,
  { name, digest }: { name: string; digest: string },
): Promise<{ digest: boolean; name: boolean }> {
  const [row] = await sql<{ digest: boolean; name: boolean }>(
    `SELECT COALESCE(bool_or(s.digest = $3 OR i.recipe ->> 'digest' = $3), false) AS digest,
            COALESCE(bool_or(i.name = $2), false) AS name
     FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE i.image_id <> $1 AND i.desired = 'present' AND i.reference IS NULL
       AND split_part(i.name, ':', 1) = split_part($2, ':', 1)`,
    [imageId, name, digest],
  );
  return row ?? { digest: false, name: false };
}

/** Deletes the row of an image that is off the registry. `is_gone` is false where something needs it, or the lease is another's. */
export async function deleteImageRow(
  sql: Sql,
  fence: Fence,
  imageId: number,
): Promise<{ is_gone: boolean; parent_image_id: number | null }> {
  const [row] = await sql<{ parent_image_id: number | null }>(
    `DELETE FROM images i WHERE image_id = $1 AND desired = 'absent' AND NOT ${IS_NEEDED} AND holds_lease($2, $3, $4)
     RETURNING parent_image_id`,
    [imageId, fence.shard, fence.holder, fence.epoch.toString()],
  );
  return { is_gone: row !== undefined, parent_image_id: row?.parent_image_id ?? null };
}

/** Rows of what Berth does not keep on its registry, once nothing needs them. */
export const deleteUnneededRows = async (sql: Sql): Promise<void> => {
  await sql(`DELETE FROM images i WHERE desired = 'absent' AND reference IS NOT NULL AND NOT ${IS_NEEDED}`);
};
