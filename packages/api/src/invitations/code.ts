import { createHash, randomBytes } from "node:crypto";

/** 144 random bits: nobody guesses one, and a fast hash is enough to keep it by. */
export const newInvitationCode = (): string => `inv_${randomBytes(18).toString("base64url")}`;

export const hashInvitationCode = (code: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(code, "utf8").digest());
