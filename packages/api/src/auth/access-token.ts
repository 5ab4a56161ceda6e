import type { SecretBox } from "@berth/db/secret-box.ts";
import { SignJWT, errors, jwtVerify } from "jose";
import { z } from "zod";
import { type KnownToken, KnownTokens } from "./known-tokens.ts";

/**
 * A program that signed in with a password has nothing to renew its token with, and each request looks the user up, so
 * that its token may live long. A browser has its refresh cookie.
 */
const LIFETIME_S = { program: 12 * 3_600, browser: 15 * 60 };

const ALGORITHM = "HS256";
const AUDIENCE = "access";

const Claims = z.object({
  user_id: z.int(),
  account: z.string(),
  token_epoch: z.int(),
  /** Of the browser's session that the token ends with. */
  session_id: z.uuid().optional(),
});
export type Claims = z.infer<typeof Claims>;

/** What tokens are signed with, and for which installation. */
export interface TokenKeys {
  box: Pick<SecretBox, "deriveKey">;
  installation: string;
}

export const issueToken = ({ box, installation }: TokenKeys, claims: Claims): Promise<string> =>
  new SignJWT(Claims.parse(claims))
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuer(installation)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(`${claims.session_id === undefined ? LIFETIME_S.program : LIFETIME_S.browser} seconds`)
    .sign(box.deriveKey("access-token"));

/** By the secret that they are signed with. */
const KNOWN = new WeakMap<TokenKeys["box"], KnownTokens>();

/** Null for a token that is malformed, expired, of another installation or not signed by us. */
export async function readToken(keys: TokenKeys, token: string): Promise<KnownToken | null> {
  const known = KNOWN.get(keys.box) ?? new KnownTokens();
  KNOWN.set(keys.box, known);
  const key = `${keys.installation} ${token}`;
  const remembered = known.find(key);
  if (remembered) return remembered;
  const verified = await verifyToken(keys, token);
  if (verified) known.remember(key, verified);
  return verified;
}

async function verifyToken({ box, installation }: TokenKeys, token: string): Promise<KnownToken | null> {
  try {
    const { payload } = await jwtVerify(token, box.deriveKey("access-token"), {
      algorithms: [ALGORITHM],
      issuer: installation,
      audience: AUDIENCE,
      requiredClaims: ["exp"],
    });
    return { ...Claims.parse(payload), expires_at: new Date((payload.exp ?? 0) * 1_000) };
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
