import type { Sql } from "@berth/db/sql.ts";
import type { ImageDetails, ImagePlace } from "@berth/spec/image.ts";
import { ACCESSIBLE, accessOf } from "../containers/access.ts";
import type { Actor } from "../context.ts";
import { getImage } from "./get.ts";
import { toNumber } from "./view.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

type NamedImage = ImageDetails["lineage"][number];

interface PlaceRow extends Omit<ImagePlace, "progress" | "total" | "last_used_at"> {
  progress: bigint | null;
  total: bigint | null;
  last_used_at: Date;
}

/** One image with its layers, what it was made from, where it is, and what needs it: as far as the actor may see that. */
export async function getImageDetails(
  { sql, actor }: { sql: Sql; actor: Actor },
  { image_id }: { image_id: number },
): Promise<ImageDetails> {
  const image = await getImage({ sql, actor }, { image_id });
  const [made, lineage, layers, machines, containers, images] = await Promise.all([
    readMaking(sql, image_id),
    readLineage(sql, actor, image_id),
    readLayers(sql, image_id),
    readPlaces(sql, image_id),
    sql<ImageDetails["needed_by"]["containers"][number]>(
      `SELECT c.container_id, u.account || '/' || c.name AS name FROM containers c JOIN users u USING (user_id)
       WHERE ${ACCESSIBLE} AND (c.image_id = $3
         OR EXISTS (SELECT 1 FROM container_status s WHERE s.container_id = c.container_id AND s.image_id = $3)
         OR EXISTS (SELECT 1 FROM held_containers h WHERE h.container_id = c.container_id AND h.image_id = $3))
       ORDER BY 2 LIMIT 200`,
      [...accessOf(actor), image_id],
    ),
    sql<NamedImage>(
      `SELECT i.image_id, i.name FROM images i
       WHERE ${VISIBLE} AND i.parent_image_id = $3 AND i.desired = 'present' ORDER BY 2 LIMIT 200`,
      [...visibilityOf(actor), image_id],
    ),
  ]);
  const isTheirs = actor.role === "admin" || image.user_id === actor.user_id;
  const recipe = isTheirs ? made.recipe : null;
  return { ...image, account: made.account, recipe, lineage, layers, machines, needed_by: { containers, images } };
}

async function readMaking(sql: Sql, imageId: number): Promise<Pick<ImageDetails, "account" | "recipe">> {
  const [row] = await sql<Pick<ImageDetails, "account" | "recipe">>(
    `SELECT u.account,
            CASE WHEN i.recipe ->> 'type' IN ('build', 'mirror') THEN jsonb_build_object(
              'machine_id', i.machine_id, 'from', i.recipe -> 'from', 'git', i.recipe -> 'git',
              'dockerfile', i.recipe -> 'dockerfile', 'build_args', COALESCE(i.recipe -> 'build_args', '{}')) END AS recipe
     FROM images i LEFT JOIN users u USING (user_id) WHERE i.image_id = $1`,
    [imageId],
  );
  return row ?? { account: null, recipe: null };
}

/** A parent is older than its child, so there are no circles. */
const readLineage = (sql: Sql, actor: Actor, imageId: number): Promise<NamedImage[]> =>
  sql(
    `WITH RECURSIVE line AS (
       SELECT parent_image_id AS image_id, 1 AS step FROM images WHERE image_id = $3
       UNION ALL SELECT p.parent_image_id, line.step + 1 FROM line JOIN images p USING (image_id))
     SELECT i.image_id, i.name FROM line JOIN images i USING (image_id) WHERE ${VISIBLE} ORDER BY line.step LIMIT 200`,
    [...visibilityOf(actor), imageId],
  );

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
