import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image } from "@berth/spec/image.ts";
import type { Actor } from "../context.ts";
import { selectImages } from "./view.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

/** NOT_FOUND also for an image that the actor may not see: its existence is not told. */
export async function getImage(
  { sql, actor }: { sql: Sql; actor: Actor },
  { image_id }: { image_id: number },
): Promise<Image> {
  const [image] = await selectImages(sql, `${VISIBLE} AND i.image_id = $3`, [...visibilityOf(actor), image_id]);
  if (!image) throw noSuchImage(image_id);
  return image;
}

export const noSuchImage = (nameOrId: number | string): DomainError =>
  new DomainError("NOT_FOUND", `There is no image ${nameOrId}.`);
