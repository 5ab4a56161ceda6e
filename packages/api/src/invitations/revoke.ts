import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";

/** Nobody registers with it any more; who did stays. */
export async function revokeInvitation(
  ctx: AuthedContext,
  { invitation_id }: { invitation_id: number },
): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const { count } = await tx.invitations.deleteMany({ where: { invitation_id } });
    if (count === 0) throw new DomainError("NOT_FOUND", `There is no invitation ${invitation_id}.`);
    await recordAudit(tx, ctx, { action: "revoke", noun: "invitation", object_id: invitation_id });
  });
}
