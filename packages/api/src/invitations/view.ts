import type { invitations } from "@berth/db/generated/client.ts";
import type { Invitation } from "@berth/spec/invitation.ts";

export const toInvitation = (row: invitations): Invitation => ({
  invitation_id: row.invitation_id,
  note: row.note,
  uses_left: row.uses_left,
  expires_at: row.expires_at.toISOString(),
  created_at: row.created_at.toISOString(),
});
