import { REFERENCE } from "@berth/db/images/reference.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Image, ImageSource } from "@berth/spec/image.ts";

interface ImageRow extends Omit<Image, "progress" | "total" | "size" | "next_retry_at" | "created_at"> {
  source: ImageSource;
  progress: bigint | null;
  total: bigint | null;
  size: bigint | null;
  next_retry_at: Date | null;
  created_at: Date;
}

/**
 * Images with their status, in one round trip. `where` is SQL over `i` (images) with `$1`… parameters, of which the first
 * two are those of `visibilityOf`: with whom an image is shared is told to who may change that.
 * JSON columns come as they are stored: the procedure's output schema parses them.
 */
export async function selectImages(sql: Sql, where: string, parameters: readonly unknown[]): Promise<Image[]> {
  const rows = await sql<ImageRow>(
    `SELECT i.image_id, i.name, ${REFERENCE} AS reference, i.display_name, i.description, i.create_params, i.parent_image_id, i.user_id,
            i.user_id IS NULL AS public,
            CASE WHEN $1 OR i.user_id = $2
                 THEN ARRAY(SELECT u.account FROM users u WHERE u.user_id = ANY (i.shared_with) ORDER BY 1) END AS shared_with,
            i.source, i.desired, i.created_at, COALESCE(s.phase, 'Waiting') AS phase,
            COALESCE(s.message, '') AS message, s.progress, s.total, s.digest, s.size, s.next_retry_at, i.not_saved, i.baked_env,
            COALESCE(s.conditions, '[]') AS conditions
     FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE ${where}`,
    parameters,
  );
  return rows.map(({ progress, total, size, next_retry_at, created_at, ...row }) => ({
    ...row,
    progress: toNumber(progress),
    total: toNumber(total),
    size: toNumber(size),
    next_retry_at: next_retry_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
  }));
}

export const toNumber = (count: bigint | null): number | null => (count === null ? null : Number(count));
