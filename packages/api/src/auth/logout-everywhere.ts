import { prismaSql } from "@berth/db/sql.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { endCredentials } from "./end-credentials.ts";

/** Ends every token and session of the caller, this one and API tokens included. */
export async function logoutEverywhere(ctx: AuthedContext): Promise<void> {
  const { user_id } = ctx.actor;
  await transact(ctx.db, async (tx) => {
    await tx.users.update({ where: { user_id }, data: { token_epoch: { increment: 1 } } });
    await endCredentials(prismaSql(tx), user_id);
    await recordAudit(tx, ctx, { action: "sign out everywhere", noun: "user", object_id: user_id });
  });
  ctx.cookies?.forget();
}
