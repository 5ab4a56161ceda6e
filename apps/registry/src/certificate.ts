import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { issueServerCertificate, type KeyAndCertificate } from "@berth/docker/certificates/authority.ts";
import { type CertificateFiles, writePrivate } from "./config.ts";

/** No longer than what every client takes. */
const VALID_DAYS = 397;
const RENEW_MS = 30 * 86_400_000;

/**
 * The certificate by which `hosts` are reached: that of an earlier start, or a new one where that is missing, for other
 * hosts, of another authority, or within 30 days of its end.
 */
export async function prepareCertificate(
  folder: string,
  hosts: readonly string[],
  authority: KeyAndCertificate,
  now: number,
): Promise<CertificateFiles> {
  // Both in one file: a kill between two writes would leave a key that is another certificate's.
  const file = join(folder, "certificate.pem");
  if (!(await isGood(file, hosts, authority, now))) {
    const { certificate, key } = await issueServerCertificate(authority, { hosts, days: VALID_DAYS });
    await writePrivate(file, `${certificate}${key}`);
  }
  return { cert: file, key: file };
}

async function isGood(
  file: string,
  hosts: readonly string[],
  authority: KeyAndCertificate,
  now: number,
): Promise<boolean> {
  const certificate = await readCertificate(file);
  if (!certificate) return false;
  const names = (host: string): unknown => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host));
  return (
    Date.parse(certificate.validTo) - now > RENEW_MS &&
    certificate.verify(createPublicKey(authority.certificate)) &&
    hosts.every((host) => names(host) !== undefined)
  );
}

async function readCertificate(file: string): Promise<X509Certificate | null> {
  try {
    return new X509Certificate(await readFile(file, "utf8"));
  } catch {
    return null; // not there, or no certificate: a new one is issued either way
  }
}
