import type { Image, ListImagesInput } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { type Page, readIdCursor, toPage } from "../page.ts";
import { selectImages } from "./view.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

const SCOPE = { public: "i.user_id IS NULL", mine: "i.user_id = $2", all: "true" } as const;

/** Present images that the actor may start containers from, newest first. */
export async function listImages(ctx: AuthedContext, input: ListImagesInput): Promise<Page<Image>> {
  const rows = await selectImages(
    ctx.sql,
    `${VISIBLE} AND ${SCOPE[input.scope]} AND i.desired = 'present' AND ($3::bigint IS NULL OR i.image_id < $3::bigint)
     ORDER BY i.image_id DESC LIMIT $4`,
    [...visibilityOf(ctx.actor), readIdCursor(input), input.limit + 1],
  );
  return toPage(
    rows,
    input.limit,
    (image) => image,
    (image) => image.image_id,
  );
}
