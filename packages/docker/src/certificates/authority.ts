import "reflect-metadata"; // @peculiar/x509 finds its parts by it, and does not bring it along
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  type PublicKey,
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

/** As the types around it have it: the console's are a browser's. */
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

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
  const keys = await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
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

/** What was sent is no request for a certificate that Berth would sign; the message says what is wrong. */
export class CertificateRequestError extends Error {
  override readonly name = "CertificateRequestError";
}

interface ForHosts {
  /** DNS names and IP addresses. */
  hosts: readonly string[];
  days: number;
}

/** What a server listens with that is reached by these DNS names and IP addresses. Throws where there is none. */
export async function issueServerCertificate(
  authority: KeyAndCertificate,
  { hosts, days }: ForHosts,
): Promise<KeyAndCertificate> {
  const keys = await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const certificate = await signForHosts(authority, keys.publicKey, { hosts, days });
  return { key: await exportKey(keys.privateKey), certificate };
}

/**
 * The certificate of a server that keeps its key to itself and sends a PKCS #10 request (PEM). Of the request only the
 * public key counts, on P-256, and its signature, which proves that the sender has the private one: name and extensions
 * are ours. Throws {@link CertificateRequestError}.
 */
export async function signServerRequest(
  authority: KeyAndCertificate,
  request: string,
  { hosts, days }: ForHosts,
): Promise<string> {
  return signForHosts(authority, await readRequest(request), { hosts, days });
}

async function readRequest(pem: string): Promise<PublicKey> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(pem);
  } catch (cause) {
    throw new CertificateRequestError("This is not a certificate signing request in PEM form.", { cause });
  }
  const { publicKey } = request;
  const { name, namedCurve } = publicKey.algorithm as { name: string; namedCurve?: string };
  if (name !== KEY.name || namedCurve !== KEY.namedCurve) {
    throw new CertificateRequestError("The key of the request must be an elliptic curve key on P-256.");
  }
  if (!(await isSelfSigned(request))) {
    throw new CertificateRequestError("The request is not signed with its own key.");
  }
  return publicKey;
}

/** A signature that can't even be read is none. */
async function isSelfSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false;
  }
}

/** By what a client shows who it is: to an engine that trusts this authority, somebody who may do all. */
export async function issueClientCertificate(
  authority: KeyAndCertificate,
  { name, days }: { name: string; days: number },
): Promise<KeyAndCertificate> {
  const keys = await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const usage = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
  const certificate = await sign(authority, keys.publicKey, { name, days, extensions: [usage] });
  return { key: await exportKey(keys.privateKey), certificate };
}

/** Good for servers alone: with it nobody can call an engine that trusts the same authority. */
function signForHosts(authority: KeyAndCertificate, key: PublicKey | Key, { hosts, days }: ForHosts): Promise<string> {
  const [first] = hosts;
  if (first === undefined) throw new Error("a certificate is for at least one host");
  const names = [...new Set(hosts)].map((value) => ({
    type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const),
    value,
  }));
  const extensions = [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names),
  ];
  return sign(authority, key, { name: first, days, extensions });
}

async function sign(
  authority: KeyAndCertificate,
  key: PublicKey | Key,
  { name, days, extensions }: { name: string; days: number; extensions: Extension[] },
): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const { notBefore, notAfter } = validFor(days);
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [name.slice(0, MAX_COMMON_NAME)] }],
    issuer: issuer.subjectName,
    publicKey: key,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNATURE,
    notBefore,
    // What outlives its authority is refused with it, and nobody would see why.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await SubjectKeyIdentifierExtension.create(key),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pem(certificate);
}

function validFor(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - LEEWAY_MS), notAfter: new Date(now + days * DAY_MS) };
}

const pem = (certificate: X509Certificate): string => `${certificate.toString("pem")}\n`;

async function exportKey(key: Key): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

function importKey(key: string): Promise<Key> {
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), KEY, false, ["sign"]);
}
