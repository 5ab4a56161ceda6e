import type { Sql } from "@berth/db/sql.ts";
import type { Image, ImageSource } from "@berth/spec/image.ts";

interface ImageRow extends Omit<Image, "progress" | "size" | "created_at"> {
  source: ImageSource;
  progress: bigint | null;
  size: bigint | null;
  created_at: Date;
}

/**
 * Images with their status, in one round trip. `where` is SQL over `i` (images) with `$1`… parameters, of which the first
 * two are those of `visibilityOf`: with whom an image is shared is told to who may change that.
 * JSON columns come as they are stored: the procedure's output schema parses them.
 */
export async function selectImages(sql: Sql, where: string, parameters: readonly unknown[]): Promise<Image[]> {
  const rows = await sql<ImageRow>(
    `SELECT i.image_id, i.name, i.reference, i.display_name, i.description, i.create_params, i.parent_image_id, i.user_id,
            i.user_id IS NULL AS public,
            CASE WHEN $1 OR i.user_id = $2
                 THEN ARRAY(SELECT u.account FROM users u WHERE u.user_id = ANY (i.shared_with) ORDER BY 1) END AS shared_with,
            i.source, i.desired, i.created_at, COALESCE(s.phase, 'Waiting') AS phase,
            COALESCE(s.message, '') AS message, s.progress, s.digest, s.size, COALESCE(s.conditions, '[]') AS conditions
     FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE ${where}`,
    parameters,
  );
  return rows.map(({ progress, size, created_at, ...row }) => ({
    ...row,
    progress: progress === null ? null : Number(progress),
    size: size === null ? null : Number(size),
    created_at: created_at.toISOString(),
  }));
}
