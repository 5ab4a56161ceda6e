import { prismaSql } from "@berth/db/sql.ts";
import type { ManagedUser, UpdateUserInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import { endCredentials } from "../auth/end-credentials.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { getManagedUser } from "./get.ts";
import { lockAdmins, lockUser, refuseLastAdmin } from "./lock.ts";
import { refuseAdminByToken } from "./refusals.ts";

/**
 * Role, quota, and whether the user may sign in. Another role, and being disabled, end the user's tokens and sessions.
 * CONFLICT for the last admin who can sign in.
 */
export async function updateUser(
  ctx: AuthedContext,
  { user_id, role, disabled, quota }: UpdateUserInput,
): Promise<ManagedUser> {
  refuseAdminByToken(ctx.actor, role);
  return transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    await lockAdmins(sql, ctx.actor);
    if (role === "user" || disabled === true) await refuseLastAdmin(sql, user_id);
    const before = await lockUser(sql, user_id);
    const after = await tx.users.update({
      where: { user_id },
      data: {
        ...(role && { role }),
        ...(disabled !== undefined && { disabled_at: disabled ? (before.disabled_at ?? new Date()) : null }),
        ...(quota && { quota }),
      },
    });
    if (after.token_epoch !== before.token_epoch) await endCredentials(sql, user_id);
    const details = {
      account: before.account,
      ...(role && { role }),
      ...(disabled !== undefined && { disabled }),
      ...quota,
    };
    await recordAudit(tx, ctx, { action: "update", noun: "user", object_id: user_id, details });
    return getManagedUser({ sql }, { user_id });
  });
}
