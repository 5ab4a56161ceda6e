import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";
import type { ImageStatusRow } from "./load.ts";

/**
 * Writes an image's status, and forgets its dirty row where that generation is observed now. The fence is of the shard of
 * the machine on which it is made, or of its own. Returns the new version, or null where the lease is another's or the
 * row changed since it was read: then nothing was written.
 */
export async function writeImageStatus(
  sql: Sql,
  fence: Fence,
  imageId: number,
  status: ImageStatusRow,
): Promise<number | null> {
  const [row] = await sql<{ version: number }>(
    `WITH written AS (
       UPDATE image_status SET phase = $6, message = $7, digest = $8, size = $9, progress = $10, total = $11,
         layers = $12::jsonb, attempt = $13, attempt_at = $14, observed_run = $15, next_retry_at = $16,
         conditions = $17::jsonb, observed_generation = $18, lease_epoch = $5, version = version + 1
       WHERE image_id = $1 AND version = $2 AND holds_lease($3, $4, $5)
       RETURNING version
     ), cleaned AS (
       DELETE FROM dirty WHERE noun = 'image' AND id = $1::text AND generation <= $18 AND EXISTS (SELECT 1 FROM written)
     )
     SELECT version FROM written`,
    [
      imageId,
      status.version,
      fence.shard,
      fence.holder,
      fence.epoch.toString(),
      status.phase,
      status.message.slice(0, 2_000),
      status.digest,
      status.size,
      status.progress,
      status.total,
      JSON.stringify(status.layers),
      status.attempt,
      status.attempt_at,
      status.observed_run,
      status.next_retry_at,
      JSON.stringify(status.conditions),
      status.observed_generation,
    ],
  );
  return row?.version ?? null;
}

/** How far it is, in bytes; no news of the state, so that nobody's write of that becomes stale. */
export const writeImageProgress = async (
  sql: Sql,
  fence: Fence,
  imageId: number,
  { progress, total }: { progress: number; total: number },
): Promise<void> => {
  await sql(
    "UPDATE image_status SET progress = $5, total = $6 WHERE image_id = $1 AND holds_lease($2, $3, $4) AND phase <> 'Ready'",
    [imageId, fence.shard, fence.holder, fence.epoch.toString(), progress, total],
  );
};
