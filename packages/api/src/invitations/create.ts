import type { z } from "zod";
import type { CreatedInvitation, CreateInvitationInput } from "@berth/spec/invitation.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { hashInvitationCode, newInvitationCode } from "./code.ts";
import { toInvitation } from "./view.ts";

/** The code is in this answer only: no more than its hash is kept. */
export async function createInvitation(
  ctx: AuthedContext,
  { note, uses, expires_in_days }: CreateInvitationInput,
): Promise<z.infer<typeof CreatedInvitation>> {
  const code = newInvitationCode();
  return transact(ctx.db, async (tx) => {
    const row = await tx.invitations.create({
      data: {
        code_hash: hashInvitationCode(code),
        note: note ?? null,
        uses_left: uses,
        created_by: ctx.actor.user_id,
        expires_at: new Date(Date.now() + expires_in_days * 86_400_000),
      },
    });
    const details = { uses, expires_in_days, note: row.note };
    await recordAudit(tx, ctx, { action: "create", noun: "invitation", object_id: row.invitation_id, details });
    return { ...toInvitation(row), code };
  });
}
