import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";

const UNFINISHED_AT_MOST = 16;
const IMAGES_AT_MOST = 1_000;

/**
 * A bound on what one account may ask for: TOO_MANY_REQUESTS while so much of it is not done yet, CONFLICT where it has
 * so many images. To be called before the insert, in its transaction: the owner's row is locked, so that no two count the
 * same room.
 */
export async function refuseManyImages(sql: Sql, owner: { user_id: number; account: string }): Promise<void> {
  await sql("SELECT 1 FROM users WHERE user_id = $1 FOR NO KEY UPDATE", [owner.user_id]);
  const [count] = await sql<{ images: number; unfinished: number }>(
    `SELECT count(*)::int AS images,
            count(*) FILTER (WHERE COALESCE(s.phase, 'Waiting') NOT IN ('Ready', 'Failed'))::int AS unfinished
     FROM images i LEFT JOIN image_status s USING (image_id) WHERE i.user_id = $1 AND i.desired = 'present'`,
    [owner.user_id],
  );
  const { images, unfinished } = count ?? { images: 0, unfinished: 0 };
  if (unfinished >= UNFINISHED_AT_MOST) {
    throw new DomainError(
      "TOO_MANY_REQUESTS",
      `${unfinished} images of ${owner.account} are not saved yet: wait for them.`,
      {
        retry_after_s: 30,
      },
    );
  }
  if (images >= IMAGES_AT_MOST) {
    throw new DomainError(
      "CONFLICT",
      `${owner.account} has ${images} images, and no account has more: delete some first.`,
      {
        limit: "images",
        allowed: IMAGES_AT_MOST,
      },
    );
  }
}
