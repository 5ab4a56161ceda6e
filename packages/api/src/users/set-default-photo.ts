import { DomainError } from "@berth/spec/error-code.ts";
import type { SetDefaultPhotoInput } from "@berth/spec/user.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { DEFAULT_PHOTOS } from "./default-photos.ts";
import { lockUser } from "./lock.ts";
import { refuseForAnother } from "./refusals.ts";

/** One of Berth's pictures, by its name: for oneself, or by an admin for anyone. NOT_FOUND for another name. */
export async function setDefaultPhoto(
  ctx: AuthedContext,
  { user_id, photo: name }: SetDefaultPhotoInput,
): Promise<void> {
  refuseForAnother(ctx.actor, user_id);
  const photo = DEFAULT_PHOTOS.find((one) => one.name === name)?.photo;
  if (photo === undefined) throw new DomainError("NOT_FOUND", `There is no picture ${name} to choose.`);
  await transact(ctx.db, async (tx) => {
    await lockUser(prismaSql(tx), user_id);
    await tx.photos.deleteMany({ where: { user_id } });
    await tx.users.update({ where: { user_id }, data: { photo } });
    const details = { photo: name };
    await recordAudit(tx, ctx, { action: "set photo", noun: "user", object_id: user_id, details });
  });
}
