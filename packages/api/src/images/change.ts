import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Image } from "@berth/spec/image.ts";
import { type AuditEntry, recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { getImage, noSuchImage } from "./get.ts";
import { VISIBLE, visibilityOf } from "./visibility.ts";

export interface FoundImage {
  image_id: number;
  name: string;
  user_id: number | null;
  desired: "present" | "absent";
}

/**
 * One change of an image by its owner or an admin, recorded, in one transaction with the row locked. FORBIDDEN for who
 * may see it and not change it, NOT_FOUND for who may not even see it. `change` answers what the audit log tells.
 */
export function changeImage(
  ctx: AuthedContext,
  image_id: number,
  action: string,
  change: (tx: Tx, image: FoundImage) => Promise<AuditEntry["details"]>,
): Promise<Image> {
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const [image] = await sql<FoundImage>(
      `SELECT image_id, name, user_id, desired FROM images i WHERE ${VISIBLE} AND i.image_id = $3 FOR UPDATE`,
      [...visibilityOf(ctx.actor), image_id],
    );
    if (!image) throw noSuchImage(image_id);
    if (ctx.actor.role !== "admin" && image.user_id !== ctx.actor.user_id) {
      throw new DomainError("FORBIDDEN", `${image.name} is not yours to ${action}.`);
    }
    const details = (await change(tx, image)) ?? {};
    await recordAudit(tx, ctx, {
      action,
      noun: "image",
      object_id: image_id,
      details: { name: image.name, ...details },
    });
    return getImage({ sql, actor: ctx.actor }, { image_id });
  });
}

/** What was removed is not what it was: nobody should believe that they changed it. */
export function refuseAbsent({ desired, name }: FoundImage): void {
  if (desired === "absent") throw new DomainError("CONFLICT", `${name} was removed.`);
}
