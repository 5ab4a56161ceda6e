import { randomUUID, X509Certificate } from "node:crypto";
import { importPKCS8, SignJWT } from "jose";
import type { RegistryAccess } from "./access.ts";

/** The `issuer` of a registry's configuration. */
export const TOKEN_ISSUER = "berth";
/** The `service` of a registry's configuration. */
export const TOKEN_SERVICE = "berth";

/** Who Berth itself is to the registry. No account is called so. */
export const TOKEN_SUBJECT = "berth";

/** The clock of a registry on another host may be behind ours by so much. */
const LEEWAY_S = 10;

/** PEM texts: a P-256 key as PKCS #8, and the certificate of it that is in the registry's `rootcertbundle`. */
export interface TokenKeys {
  key: string;
  certificate: string;
}

export interface TokenRequest {
  /** Whoever it is for: what a registry's notifications call the actor's name. */
  subject: string;
  service: string;
  access: readonly RegistryAccess[];
  ttlS: number;
}

/** As distribution's token specification has it. */
export interface RegistryToken {
  token: string;
  /** The same: what OAuth 2 calls it. */
  access_token: string;
  /** Seconds. */
  expires_in: number;
  issued_at: string;
}

/**
 * A token that a registry checks by itself, and that nothing can revoke: it ends by its time, which the registry extends
 * by a minute. Its header carries the certificate (x5c), the one form that 2.8 and 3.x both take.
 */
export async function issueRegistryToken(
  keys: TokenKeys,
  { subject, service, access, ttlS }: TokenRequest,
): Promise<RegistryToken> {
  const nowS = Math.floor(Date.now() / 1_000);
  const certificate = new X509Certificate(keys.certificate).raw.toString("base64");
  const token = await new SignJWT({ access })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c: [certificate] })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(service)
    .setSubject(subject)
    .setIssuedAt(nowS)
    .setNotBefore(nowS - LEEWAY_S)
    .setExpirationTime(nowS + ttlS)
    .setJti(randomUUID())
    .sign(await importPKCS8(keys.key, "ES256"));
  return { token, access_token: token, expires_in: ttlS, issued_at: new Date(nowS * 1_000).toISOString() };
}
