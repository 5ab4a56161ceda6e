import { readImageLog } from "@berth/db/images/logs.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ImageLog, ReadImageLogInput } from "@berth/spec/image.ts";
import type { Actor } from "../context.ts";
import { noSuchImage } from "./get.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

/**
 * A page of what making an image printed. For its owner, or an admin: FORBIDDEN for who may see the image and is neither,
 * NOT_FOUND for who may not even see it.
 */
export async function readLog(
  { sql, actor }: { sql: Sql; actor: Actor },
  { image_id, from_seq = 1 }: ReadImageLogInput,
): Promise<ImageLog> {
  // Asked first: whoever ends it has printed all of it before.
  const [image] = await sql<{ name: string; user_id: number | null; ended: boolean }>(
    `SELECT i.name, i.user_id,
            i.desired = 'absent' OR COALESCE(s.phase IN ('Ready', 'Blocked', 'Deleting', 'Deleted')
              -- One that is to be made again has not ended, though the reconciler has not seen that yet.
              OR (s.phase = 'Failed' AND s.observed_generation >= i.generation), false) AS ended
     FROM images i LEFT JOIN image_status s USING (image_id) WHERE ${VISIBLE} AND i.image_id = $3`,
    [...visibilityOf(actor), image_id],
  );
  if (!image) throw noSuchImage(image_id);
  if (actor.role !== "admin" && image.user_id !== actor.user_id) {
    throw new DomainError("FORBIDDEN", `The log of ${image.name} is for its owner and for admins.`);
  }
  const { hasMore, ...page } = await readImageLog(sql, image_id, from_seq);
  return { ...page, ended: image.ended && !hasMore };
}
