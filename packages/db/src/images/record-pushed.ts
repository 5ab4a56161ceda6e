import type { CreateParams } from "@berth/spec/create-params.ts";
import type { Sql } from "../sql.ts";

/** What was pushed by hand, as the registry holds it. */
export interface PushedImage {
  /** `namespace/name:tag` */
  name: string;
  /** Null for what is everybody's. */
  user_id: number | null;
  create_params: CreateParams;
  digest: string;
  /** Bytes of its blobs, compressed. */
  size: number;
  /** Lowest first. */
  layers: { digest: string; size: number }[];
}

/**
 * Records it as an image that is ready. Null where one of that name is present, which stays as it is, or where its owner
 * is there no more: who deletes a user looks for what they own.
 */
export async function recordPushed(sql: Sql, image: PushedImage): Promise<number | null> {
  const { name, user_id, create_params, digest, size, layers } = image;
  const [recorded] = await sql<{ image_id: number }>(
    `WITH owner AS (SELECT user_id FROM users WHERE user_id = $2 AND deleted_at IS NULL FOR KEY SHARE),
     recorded AS (
       INSERT INTO images (name, user_id, create_params, source)
       SELECT $1, $2::int, $3::jsonb, 'push' WHERE $2::int IS NULL OR EXISTS (SELECT 1 FROM owner)
       ON CONFLICT DO NOTHING RETURNING image_id
     )
     INSERT INTO image_status (image_id, phase, digest, size, layers)
     SELECT image_id, 'Ready', $4, $5::bigint, $6::jsonb FROM recorded RETURNING image_id`,
    [name, user_id, JSON.stringify(create_params), digest, size, JSON.stringify(layers)],
  );
  return recorded?.image_id ?? null;
}

/**
 * The registry holds `digest` under this name now. Where the image of that name has another, the reconciler is to look.
 * Answers whether one of that name is present.
 */
export async function compareDigest(sql: Sql, name: string, digest: string): Promise<boolean> {
  const [known] = await sql<{ marked: string | null }>(
    `SELECT CASE WHEN s.digest IS DISTINCT FROM $2 THEN mark_dirty('image', i.image_id::text, i.generation)::text END
            AS marked
     FROM images i LEFT JOIN image_status s USING (image_id) WHERE i.name = $1 AND i.desired = 'present'`,
    [name, digest],
  );
  return known !== undefined;
}
