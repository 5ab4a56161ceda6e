import type { SecretBox } from "@berth/db/secret-box.ts";
import { SignJWT, errors, jwtVerify } from "jose";
import { z } from "zod";

const LIFETIME = "12h";
const ALGORITHM = "HS256";

const Claims = z.object({ user_id: z.int(), account: z.string(), token_epoch: z.int() });
export type Claims = z.infer<typeof Claims>;

/** What tokens are signed with, and for which installation. */
export interface TokenKeys {
  box: Pick<SecretBox, "deriveKey">;
  installation: string;
}

export const issueAccessToken = ({ box, installation }: TokenKeys, { user_id, account, token_epoch }: Claims) =>
  new SignJWT({ user_id, account, token_epoch })
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuer(installation)
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .sign(box.deriveKey("access-token"));

/** Null for a token that is malformed, expired, of another installation or not signed by us. */
export async function readAccessToken({ box, installation }: TokenKeys, token: string): Promise<Claims | null> {
  try {
    const { payload } = await jwtVerify(token, box.deriveKey("access-token"), {
      algorithms: [ALGORITHM],
      issuer: installation,
    });
    return Claims.parse(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
