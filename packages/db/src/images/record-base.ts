import type { Fence } from "../leases/fence.ts";
import type { Sql } from "../sql.ts";

/**
 * For a build whose Dockerfile its builder alone has seen: the public image whose layers, by their digests, it begins with is
 * its parent, the one with the most of them. Where its recipe says so, it takes that one's settings. Nothing where it begins
 * with none of them.
 */
export async function recordBase(
  sql: Sql,
  fence: Fence,
  { image_id, layers }: { image_id: number; layers: readonly string[] },
): Promise<void> {
  await sql(
    `WITH base AS (
       SELECT b.image_id, b.create_params FROM images b JOIN image_status s USING (image_id)
       WHERE b.user_id IS NULL AND b.reference IS NULL AND b.desired = 'present' AND s.phase = 'Ready'
         AND jsonb_array_length(s.layers) BETWEEN 1 AND cardinality($2::text[]) - 1
         AND ($2::text[])[1:jsonb_array_length(s.layers)]
             = ARRAY(SELECT layer ->> 'digest' FROM jsonb_array_elements(s.layers) WITH ORDINALITY AS t (layer, n) ORDER BY n)
       ORDER BY jsonb_array_length(s.layers) DESC, b.image_id LIMIT 1 FOR SHARE OF b
     )
     UPDATE images i SET parent_image_id = base.image_id,
       create_params = CASE WHEN i.recipe -> 'inherits' = 'true' THEN base.create_params ELSE i.create_params END
     FROM base WHERE i.image_id = $1 AND holds_lease($3, $4, $5)`,
    [image_id, layers, fence.shard, fence.holder, fence.epoch.toString()],
  );
}
