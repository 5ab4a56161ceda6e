import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { noSuchImage } from "./get.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

interface Found {
  image_id: number;
  name: string;
  user_id: number | null;
}

/**
 * For its owner, or an admin. CONFLICT with `details.containers` and `details.images` while something depends on it.
 * The row is marked absent: its name is free at once, and no container starts from it any more.
 */
export async function removeImage(ctx: AuthedContext, { image_id }: { image_id: number }): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const [image] = await sql<Found>(
      `SELECT image_id, name, user_id FROM images i WHERE ${VISIBLE} AND i.image_id = $3 FOR UPDATE`,
      [...visibilityOf(ctx.actor), image_id],
    );
    if (!image) throw noSuchImage(image_id);
    if (ctx.actor.role !== "admin" && image.user_id !== ctx.actor.user_id) {
      throw new DomainError("FORBIDDEN", `${image.name} is not yours to remove.`);
    }
    await refuseWhileNeeded(sql, image);
    await tx.images.update({ where: { image_id }, data: { desired: "absent" } });
    const details = { name: image.name };
    await recordAudit(tx, ctx, { action: "remove", noun: "image", object_id: image_id, details });
  });
}

async function refuseWhileNeeded(sql: Sql, { image_id, name }: Found): Promise<void> {
  const [needed] = await sql<{ containers: string[]; images: string[] }>(
    `SELECT ARRAY(SELECT u.account || '/' || c.name FROM containers c JOIN users u USING (user_id)
                  WHERE c.image_id = $1 OR EXISTS (SELECT 1 FROM held_containers h
                                                   WHERE h.container_id = c.container_id AND h.image_id = $1)
                  ORDER BY 1) AS containers,
            ARRAY(SELECT name FROM images WHERE parent_image_id = $1 AND desired = 'present' ORDER BY 1) AS images`,
    [image_id],
  );
  const { containers, images } = needed ?? { containers: [], images: [] };
  if (containers.length + images.length === 0) return;
  throw new DomainError("CONFLICT", `${name} is needed by ${[...containers, ...images].join(", ")}.`, {
    containers,
    images,
  });
}
