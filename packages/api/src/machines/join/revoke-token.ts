import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";

/** Nothing joins with it any more; what did stays. Revoking it again is no failure. */
export async function revokeJoinToken(ctx: AuthedContext, { join_token_id }: { join_token_id: number }): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const known = await tx.join_tokens.findUnique({ where: { join_token_id } });
    if (!known) throw new DomainError("NOT_FOUND", `There is no join token ${join_token_id}.`);
    if (known.revoked_at !== null) return;
    await tx.join_tokens.update({ where: { join_token_id }, data: { revoked_at: new Date() } });
    await recordAudit(tx, ctx, { action: "revoke", noun: "join_token", object_id: join_token_id });
  });
}
