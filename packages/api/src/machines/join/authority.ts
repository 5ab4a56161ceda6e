import { X509Certificate } from "node:crypto";
import { loadAuthority } from "@berth/db/registry/keys.ts";
import { issueClientCertificate, type KeyAndCertificate, makeAuthority } from "@berth/docker/certificates/authority.ts";
import type { EngineTls } from "@berth/spec/machine.ts";
import type { ApiServices } from "../../context.ts";

/** Nothing renews it but another run of the join script, so it lasts as long as a server does. */
export const CERTIFICATE_DAYS = 5 * 365;

type Parts = Pick<ApiServices, "sql" | "box">;

/** This installation's own, which signs what engines and registry listen with. */
export const authorityOf = ({ sql, box }: Parts): Promise<KeyAndCertificate> =>
  loadAuthority(sql, box, () => makeAuthority("Berth"));

/** Hex, as `openssl x509 -fingerprint -sha256` shows it without its colons. */
export const fingerprintOf = (certificate: string): string =>
  new X509Certificate(certificate).fingerprint256.replaceAll(":", "");

/** With what Berth comes to an engine that trusts this authority. */
export async function issueEngineTls(authority: KeyAndCertificate): Promise<EngineTls> {
  const { key, certificate } = await issueClientCertificate(authority, { name: "Berth", days: CERTIFICATE_DAYS });
  return { ca: authority.certificate, cert: certificate, key };
}
