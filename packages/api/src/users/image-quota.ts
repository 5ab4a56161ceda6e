import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { lockQuota } from "./quota.ts";

/**
 * SQL over `u` (users): bytes of their images on the registry, as they are there. A layer counts once, in however many of
 * them it is, and not at all where a public image has it: there it costs nothing more. At most 2^53 - 1: sizes that once
 * were believed may add up to anything.
 */
export const STORED_BYTES = `(
  SELECT LEAST(COALESCE(sum(own.size), 0), ${Number.MAX_SAFE_INTEGER})::bigint FROM (
    SELECT layer->>'digest' AS digest, max((layer->>'size')::numeric) AS size
    FROM images i JOIN image_status s USING (image_id) CROSS JOIN LATERAL jsonb_array_elements(s.layers) layer
    WHERE i.user_id = u.user_id AND i.desired = 'present' GROUP BY 1
  ) own
  WHERE own.digest NOT IN (
    SELECT layer->>'digest'
    FROM images i JOIN image_status s USING (image_id) CROSS JOIN LATERAL jsonb_array_elements(s.layers) layer
    WHERE i.user_id IS NULL AND i.desired = 'present' AND layer->>'digest' IS NOT NULL
  )
)`;

/** As many names are told; the largest images first. */
const NAMED_AT_MOST = 10;

/**
 * CONFLICT where the owner may have no more images: `details` has the limit, what is used, and by which images, the
 * largest first. To be called before the insert, in its transaction: the owner's row is locked, so that no two asks count the
 * same room. How large an image is shows only when it is on the registry, so its bytes are refused once there is no room at
 * all: the last one may go past the limit. One that is kept on its machine (`isOnRegistry` false) takes none.
 */
export async function checkImageQuota(
  sql: Sql,
  userId: number,
  { isOnRegistry = true }: { isOnRegistry?: boolean } = {},
): Promise<void> {
  const { account, quota } = await lockQuota(sql, userId);
  if (quota.images === null && (quota.storage === null || !isOnRegistry)) return;
  const images = await sql<{ name: string }>(
    `SELECT i.name FROM images i LEFT JOIN image_status s USING (image_id)
     WHERE i.user_id = $1 AND i.desired = 'present' ORDER BY COALESCE(s.size, 0) DESC, i.name`,
    [userId],
  );
  const names = images.map(({ name }) => name);
  if (quota.images !== null && names.length + 1 > quota.images) {
    const details = { limit: "images", allowed: quota.images, used: names.length, asked: 1, images: names };
    const held = names.length === 0 ? "" : `, and ${names.length} are there: ${shortened(names)}`;
    throw new DomainError("CONFLICT", `The quota of ${account} is ${quota.images} images${held}.`, details);
  }
  if (quota.storage === null || !isOnRegistry) return;
  const [stored] = await sql<{ used: bigint }>(`SELECT ${STORED_BYTES} AS used FROM users u WHERE u.user_id = $1`, [
    userId,
  ]);
  const used = Number(stored?.used ?? 0);
  if (used < quota.storage) return;
  throw new DomainError(
    "CONFLICT",
    `The quota of ${account} is ${quota.storage} bytes of images, and ${used} are in use by ${shortened(names)}.`,
    { limit: "storage", allowed: quota.storage, used, asked: null, images: names },
  );
}

function shortened(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length - NAMED_AT_MOST;
  return names.slice(0, NAMED_AT_MOST).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
