import type { z } from "zod";
import { prismaSql } from "@berth/db/sql.ts";
import type { SetPasswordAnswer, SetPasswordInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import { endCredentials } from "../auth/end-credentials.ts";
import { hashPassword } from "../auth/password.ts";
import { handOver, openSession } from "../auth/sign-in.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { confirmCaller, lockAdmins, lockCaller, lockUser } from "./lock.ts";
import { refuseForAnother } from "./refusals.ts";

/**
 * A new password, which ends every token and session of the user. Who changed their own gets a new token, and in a
 * browser a new session; an admin who changed another's gets nothing. FORBIDDEN for anyone else.
 */
export async function setPassword(
  ctx: AuthedContext,
  { user_id, new_password }: SetPasswordInput,
): Promise<z.infer<typeof SetPasswordAnswer>> {
  refuseForAnother(ctx.actor, user_id);
  const isOwn = user_id === ctx.actor.user_id;
  // The first of many ends the others, which must not keep everybody's sign-in waiting.
  const password = await hashPassword(new_password, () => confirmCaller(ctx.sql, ctx.actor));
  const { user, session } = await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    await (isOwn ? lockCaller(sql, ctx.actor) : lockAdmins(sql, ctx.actor));
    await lockUser(sql, user_id);
    const user = await tx.users.update({ where: { user_id }, data: { password } });
    await endCredentials(sql, user_id);
    await recordAudit(tx, ctx, { action: "set password", noun: "user", object_id: user_id });
    return { user, session: isOwn ? await openSession(sql, ctx, user) : null };
  });
  return isOwn ? { access_token: await handOver(ctx, user, session) } : {};
}
