import { z } from "zod";

export const MAX_SSH_KEYS = 20;

export const AddSshKeyInput = z.strictObject({
  /** One line of an authorized_keys file without options: "ssh-ed25519 AAAA… name". */
  public_key: z.string().min(1).max(8_192),
});

export const SshKey = z.object({
  /** SHA-256 of the key itself, in lower-case hex. */
  key_id: z.string(),
  type: z.string(),
  comment: z.string(),
  /** As `ssh-keygen -l` prints it: "SHA256:…". */
  fingerprint: z.string(),
  public_key: z.string(),
});
export type SshKey = z.infer<typeof SshKey>;

export const SshKeyRef = z.object({ key_id: z.string().regex(/^[0-9a-f]{64}$/, "Not a key's id.") });
