import type { Sql } from "@berth/db/sql.ts";
import type { ImageDetails, ImagePlace } from "@berth/spec/image.ts";
import { ACCESSIBLE, accessOf } from "../containers/access.ts";
import type { Actor } from "../context.ts";
import { getImage } from "./get.ts";
import { toNumber } from "./view.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

interface PlaceRow extends Omit<ImagePlace, "progress" | "total" | "last_used_at"> {
  progress: bigint | null;
  total: bigint | null;
  last_used_at: Date;
}

/** One image with its layers, where it is, and what needs it (by name as far as the actor may see that). */
export async function getImageDetails(
  { sql, actor }: { sql: Sql; actor: Actor },
  { image_id }: { image_id: number },
): Promise<ImageDetails> {
  const image = await getImage({ sql, actor }, { image_id });
  const [layers, machines, containers, images] = await Promise.all([
    readLayers(sql, image_id),
    readPlaces(sql, image_id),
    sql<{ name: string }>(
      `SELECT u.account || '/' || c.name AS name FROM containers c JOIN users u USING (user_id)
       WHERE ${ACCESSIBLE} AND (c.image_id = $3
         OR EXISTS (SELECT 1 FROM container_status s WHERE s.container_id = c.container_id AND s.image_id = $3)
         OR EXISTS (SELECT 1 FROM held_containers h WHERE h.container_id = c.container_id AND h.image_id = $3))
       ORDER BY 1 LIMIT 200`,
      [...accessOf(actor), image_id],
    ),
    sql<{ name: string }>(
      `SELECT i.name FROM images i WHERE ${VISIBLE} AND i.parent_image_id = $3 AND i.desired = 'present' ORDER BY 1 LIMIT 200`,
      [...visibilityOf(actor), image_id],
    ),
  ]);
  const namesOf = (rows: { name: string }[]): string[] => rows.map(({ name }) => name);
  return { ...image, layers, machines, needed_by: { containers: namesOf(containers), images: namesOf(images) } };
}

const readLayers = (sql: Sql, imageId: number): Promise<ImageDetails["layers"]> =>
  sql(
    `SELECT layer.value ->> 'digest' AS digest, (layer.value ->> 'size')::float8 AS size,
            COALESCE(parent.layers @> jsonb_build_array(jsonb_build_object('digest', layer.value -> 'digest')), false) AS shared
     FROM images i JOIN image_status s USING (image_id)
     LEFT JOIN image_status parent ON parent.image_id = i.parent_image_id
     CROSS JOIN LATERAL jsonb_array_elements(s.layers) WITH ORDINALITY AS layer(value, number)
     WHERE i.image_id = $1 ORDER BY layer.number`,
    [imageId],
  );

async function readPlaces(sql: Sql, imageId: number): Promise<ImagePlace[]> {
  // One machine may know it by several names: the best of them tells.
  const rows = await sql<PlaceRow>(
    `SELECT DISTINCT ON (machine_id) machine_id, state, progress, total, message, last_used_at,
            bool_or(wanted) OVER (PARTITION BY machine_id) AS prewarmed
     FROM machine_images WHERE image_id = $1 AND reference NOT LIKE 'berth.invalid/%'
     ORDER BY machine_id, CASE state WHEN 'present' THEN 0 WHEN 'pulling' THEN 1 WHEN 'failed' THEN 2 ELSE 3 END`,
    [imageId],
  );
  return rows.map(({ progress, total, last_used_at, ...place }) => ({
    ...place,
    progress: toNumber(progress),
    total: toNumber(total),
    last_used_at: last_used_at.toISOString(),
  }));
}
