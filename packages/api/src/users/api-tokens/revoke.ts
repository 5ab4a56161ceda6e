import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";

/** One of one's own: it ends at once, and so do sockets that were opened with it. */
export async function revokeApiToken(ctx: AuthedContext, { token_id }: { token_id: number }): Promise<void> {
  const { user_id } = ctx.actor;
  await transact(ctx.db, async (tx) => {
    const [token] = await tx.api_tokens.findMany({ where: { token_id, user_id } });
    if (!token) throw new DomainError("NOT_FOUND", `You have no token ${token_id}.`);
    await tx.api_tokens.deleteMany({ where: { token_id } });
    const details = { token_id, name: token.name };
    await recordAudit(tx, ctx, { action: "revoke api token", noun: "user", object_id: user_id, details });
  });
}
