import { z } from "zod";

export const CreateJoinTokenInput = z.strictObject({
  ttl_minutes: z
    .int()
    .min(1)
    .max(24 * 60)
    .default(30),
});
export type CreateJoinTokenInput = z.infer<typeof CreateJoinTokenInput>;

/** What the script on a GPU server has found. It is whoever holds the token who says so. */
export const JoinCheck = z.object({
  /** What was looked at: `docker`, `gpus`, `disk`… A later script may have more. */
  check: z.string().regex(/^[a-z_]{1,20}$/),
  status: z.enum(["ok", "warning", "failed"]),
  text: z.string().min(1).max(300),
  /** How it is mended; empty where nothing is to be done. */
  fix: z.string().max(300),
});
export type JoinCheck = z.infer<typeof JoinCheck>;
export const JOIN_CHECKS_AT_MOST = 40;

/** Lets one GPU server join. */
export const JoinToken = z.object({
  join_token_id: z.int(),
  /** Who made it. */
  account: z.string(),
  /** `open` until it is used, its time is over, or an admin takes it back. */
  state: z.enum(["open", "used", "expired", "revoked"]),
  /** What joined with it. */
  machine_id: z.string().nullable(),
  expires_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  /** Of the newest run of its script, as far as that has come. */
  checks: z.array(JoinCheck),
  /** When that told of itself last; null where it never did. */
  checked_at: z.iso.datetime().nullable(),
});
export type JoinToken = z.infer<typeof JoinToken>;

/** What an admin is shown this once. */
export const CreatedJoinToken = JoinToken.extend({
  token: z.string(),
  /** One line, to paste on the GPU server: it fetches the script, and over plain http compares it with its checksum. */
  command: z.string(),
  /** Where the script can be read first; it comes to the same bytes each time. */
  script_url: z.url(),
  /** Hex, of the script's bytes. */
  script_sha256: z.string(),
  /** What will probably stand in the way; null where nothing is known. */
  warning: z.string().nullable(),
});
export type CreatedJoinToken = z.infer<typeof CreatedJoinToken>;

export const JoinTokenRef = z.object({ join_token_id: z.int32().positive() });
