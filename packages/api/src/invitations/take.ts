import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { hashInvitationCode } from "./code.ts";

/**
 * Takes one use of the invitation with this code, in the transaction that makes the account, and answers which it was.
 * FORBIDDEN where it is unknown, used up, expired or revoked: which of them is not for strangers to learn.
 */
export async function takeInvitation(sql: Sql, code: string | undefined): Promise<number> {
  if (code === undefined) {
    throw new DomainError("FORBIDDEN", "Registration is by invitation: ask an admin for a code.");
  }
  // Of two who come with the last use, the second waits here, and then finds none.
  const [used] = await sql<{ invitation_id: number }>(
    `UPDATE invitations SET uses_left = uses_left - 1
     WHERE code_hash = $1 AND uses_left > 0 AND expires_at > now() RETURNING invitation_id`,
    [hashInvitationCode(code)],
  );
  if (!used) throw new DomainError("FORBIDDEN", "This invitation is not good, or not any more: ask an admin for one.");
  return used.invitation_id;
}
