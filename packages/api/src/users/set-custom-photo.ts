import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { SetCustomPhotoInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import type { Actor, AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { encodePhoto } from "./encode-photo.ts";
import { lockAdmins, lockCaller, lockUser } from "./lock.ts";
import { noSuchUser } from "./view.ts";

/**
 * A photo of the caller's own, or by an admin for another. It replaces the one before; nothing is served as it was sent.
 * PAYLOAD_TOO_LARGE and UNSUPPORTED_MEDIA_TYPE as {@link encodePhoto} says.
 */
export async function setCustomPhoto(ctx: AuthedContext, input: SetCustomPhotoInput): Promise<{ photo: string }> {
  const user_id = await whoseIs(ctx, input);
  const content = await encodePhoto(input.photo);
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    // To send a photo may take minutes.
    await (user_id === ctx.actor.user_id ? lockCaller(sql, ctx.actor) : lockAdmins(sql, ctx.actor));
    await lockUser(sql, user_id);
    await tx.photos.deleteMany({ where: { user_id } });
    const { photo_id } = await tx.photos.create({ data: { user_id, content_type: "image/webp", content } });
    const photo = `/photos/${photo_id}.webp`;
    await tx.users.update({ where: { user_id }, data: { photo } });
    await recordAudit(tx, ctx, { action: "set photo", noun: "user", object_id: user_id });
    return { photo };
  });
}

/** The user that is named, twice perhaps. FORBIDDEN where that is not one user, or one who is not the caller's to change. */
async function whoseIs({ db, actor }: AuthedContext, { user_id, account }: SetCustomPhotoInput): Promise<number> {
  if (namesOnly(actor, { user_id, account })) return actor.user_id;
  if (actor.role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin may do this for another user.");
  const named = await db.users.findFirst({
    where: { deleted_at: null, ...(account !== undefined ? { account } : { user_id: user_id ?? 0 }) },
  });
  if (!named) throw noSuchUser(account ?? user_id ?? "");
  if (user_id !== undefined && named.user_id !== user_id) {
    throw new DomainError("FORBIDDEN", `user_id and account name two users: ${account} is not ${user_id}.`);
  }
  return named.user_id;
}

const namesOnly = (actor: Actor, { user_id, account }: Pick<SetCustomPhotoInput, "user_id" | "account">): boolean =>
  (user_id ?? actor.user_id) === actor.user_id && (account ?? actor.account) === actor.account;
