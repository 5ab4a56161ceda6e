import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image } from "@berth/spec/image.ts";
import type { AuthedContext } from "../context.ts";
import { changeImage, type FoundImage, refuseAbsent } from "./change.ts";

/**
 * For its owner, or an admin. CONFLICT with `details.containers` and `details.images` while something depends on it.
 * The row is marked absent: its name is free at once, and no container starts from it any more.
 */
export const removeImage = (ctx: AuthedContext, { image_id }: { image_id: number }): Promise<Image> =>
  changeImage(ctx, image_id, "remove", async (tx, image) => {
    refuseAbsent(image);
    await refuseWhileNeeded(prismaSql(tx), image);
    await tx.images.update({ where: { image_id }, data: { desired: "absent" } });
    return undefined;
  });

async function refuseWhileNeeded(sql: Sql, { image_id, name }: FoundImage): Promise<void> {
  const [needed] = await sql<{ containers: string[]; images: string[] }>(
    `SELECT ARRAY(SELECT u.account || '/' || c.name FROM containers c JOIN users u USING (user_id)
                  WHERE c.image_id = $1
                     -- What the engine container is made of: a recreate will set it aside, to be restored.
                     OR EXISTS (SELECT 1 FROM container_status s WHERE s.container_id = c.container_id AND s.image_id = $1)
                     OR EXISTS (SELECT 1 FROM moves v WHERE v.container_id = c.container_id AND v.image_id = $1)
                     OR EXISTS (SELECT 1 FROM held_containers h WHERE h.container_id = c.container_id AND h.image_id = $1)
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
