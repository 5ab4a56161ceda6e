import "reflect-metadata"; // @peculiar/x509 finds its parts by it, and does not bring it along
import { isIP } from "node:net";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** PEM texts: the key as PKCS #8. */
export interface KeyAndCertificate {
  key: string;
  certificate: string;
}

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
const TEN_YEARS_DAYS = 3_653;
/** The clock of whoever checks may be behind ours by so much. */
const LEEWAY_MS = 3_600_000;
/** By X.520; what counts are the alternative names. */
const MAX_COMMON_NAME = 64;

/** What signs registry tokens. Its own authority: a registry trusts exactly the certificate that it is given. */
export const makeTokenKeys = (): Promise<KeyAndCertificate> => makeAuthority("Berth registry tokens");

/** A certificate authority on P-256 for ten years, which signs certificates of servers and no other authority. */
export async function makeAuthority(name: string): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: SIGNATURE,
    ...validFor(TEN_YEARS_DAYS),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

/** What a server listens with that is reached by these DNS names and IP addresses. Throws where there is none. */
export async function issueServerCertificate(
  authority: KeyAndCertificate,
  { hosts, days }: { hosts: readonly string[]; days: number },
): Promise<KeyAndCertificate> {
  const [first] = hosts;
  if (first === undefined) throw new Error("a certificate is for at least one host");
  const issuer = new X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [first.slice(0, MAX_COMMON_NAME)] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNATURE,
    ...validFor(days),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        [...new Set(hosts)].map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

function validFor(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - LEEWAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

const pem = (certificate: X509Certificate): string => `${certificate.toString("pem")}\n`;

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

function importKey(key: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), KEY, false, ["sign"]);
}
