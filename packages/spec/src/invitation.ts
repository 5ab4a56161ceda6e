import { z } from "zod";

export const CreateInvitationInput = z.strictObject({
  note: z.string().trim().min(1).max(100).optional(),
  /** How many people may register with it. */
  uses: z.int().min(1).max(500).default(1),
  expires_in_days: z.int().min(1).max(90).default(7),
});
export type CreateInvitationInput = z.infer<typeof CreateInvitationInput>;

export const Invitation = z.object({
  invitation_id: z.int(),
  note: z.string().nullable(),
  uses_left: z.int(),
  expires_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
});
export type Invitation = z.infer<typeof Invitation>;

/** `code` is shown this once. */
export const CreatedInvitation = Invitation.extend({ code: z.string() });

export const InvitationRef = z.object({ invitation_id: z.int32().positive() });
