import type { Sql } from "../sql.ts";
import { deleteBlob } from "./blob.ts";

/**
 * Deletes files that nobody will build from: complete ones of more than a day ago that no present image is still made from,
 * and those of more than an hour ago whose upload broke off. Returns how many.
 */
export async function pruneBlobs(sql: Sql): Promise<number> {
  const blobs = await sql<{ blob_id: string }>(
    `SELECT blob_id FROM blobs b
     WHERE (size IS NULL AND created_at < now() - interval '1 hour')
        OR (created_at < now() - interval '1 day'
            AND NOT EXISTS (SELECT 1 FROM images i JOIN image_status s USING (image_id)
                            WHERE i.desired = 'present' AND i.recipe ->> 'blob_id' = b.blob_id::text AND s.phase <> 'Ready'))`,
  );
  // One by one: hundreds of MiB of each are to be cleared.
  for (const { blob_id } of blobs) await deleteBlob(sql, blob_id);
  return blobs.length;
}
