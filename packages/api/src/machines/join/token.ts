import { createHash, randomBytes } from "node:crypto";

/** 192 random bits: nobody guesses one, and a fast hash is enough to keep it by. */
export const newJoinToken = (): string => `join_${randomBytes(24).toString("base64url")}`;

export const hashJoinToken = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(token, "utf8").digest());
