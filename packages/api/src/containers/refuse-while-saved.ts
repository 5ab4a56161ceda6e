import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { LockedContainer } from "./lock.ts";

/** CONFLICT with `details.images` while what is in a container is not in its image yet: removing it would lose that. */
export async function refuseWhileSaved(sql: Sql, { uid, name }: LockedContainer): Promise<void> {
  const rows = await sql<{ name: string }>(
    `SELECT i.name FROM images i JOIN image_status s USING (image_id)
     WHERE i.origin_uid = $1::uuid AND i.reference IS NULL AND i.desired = 'present' AND NOT i.cancelled
       AND s.phase IN ('Waiting', 'Committing') ORDER BY 1`,
    [uid],
  );
  if (rows.length === 0) return;
  const images = rows.map((row) => row.name);
  throw new DomainError("CONFLICT", `${name} is being saved as ${images.join(", ")}: wait for that, or cancel it.`, {
    images,
  });
}
