import type { Image, ListImagesInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { fitPage, type Measured, type Page, readIdCursor } from "../page.ts";
import { selectImages } from "./view.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

const SCOPE = { public: "i.user_id IS NULL", mine: "i.user_id = $2", all: "true" } as const;

/** Present images that the actor may start containers from, newest first. */
export async function listImages(ctx: AuthedContext, input: ListImagesInput): Promise<Page<Image>> {
  const visibility = visibilityOf(ctx.actor);
  const found = await ctx.sql<Measured>(
    `SELECT i.image_id AS id, octet_length(i.create_params::text) + COALESCE(octet_length(i.description), 0) AS length
     FROM images i
     WHERE ${VISIBLE} AND ${SCOPE[input.scope]} AND i.desired = 'present' AND ($3::bigint IS NULL OR i.image_id < $3::bigint)
       AND ($5::int IS NULL OR i.origin_uid = (SELECT c.uid FROM containers c WHERE c.container_id = $5 AND ($1 OR c.user_id = $2)))
     ORDER BY i.image_id DESC LIMIT $4`,
    [...visibility, readIdCursor(input), input.limit + 1, input.container_id ?? null],
  );
  const { ids, next_cursor } = fitPage(found, input.limit);
  const where = "i.image_id = ANY ($3::int[]) ORDER BY i.image_id DESC";
  return { items: await selectImages(ctx.sql, where, [...visibility, ids]), next_cursor };
}
