import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

/** PEM texts: the certificate with those that it is signed by, in order, and its key. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

/** The files can't be used; the message names the variable and says what is wrong with it. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** Reads what the server shows itself with, and how it will disappoint browsers though it can be used. */
export async function readCertificate(
  files: CertificateFiles,
  now = new Date(),
): Promise<{ certificate: Certificate; warnings: string[] }> {
  const [cert, key] = await Promise.all([read("BERTH_TLS_CERT", files.certFile), read("BERTH_TLS_KEY", files.keyFile)]);
  const x509 = parseCertificate(cert);
  if (!x509.checkPrivateKey(parseKey(key))) {
    throw new CertificateError("BERTH_TLS_KEY: this key is not the one that the certificate of BERTH_TLS_CERT is for");
  }
  return { certificate: { cert, key }, warnings: [...warningsOf(x509, now)] };
}

async function read(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CertificateError(`${variable}: the file can't be read: ${(cause as Error).message}`, { cause });
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("BERTH_TLS_CERT: there is no certificate in PEM form in this file", { cause });
  }
}

function parseKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isLocked = pem.includes("ENCRYPTED");
    const fault = isLocked ? "this key has a passphrase: give one without" : "there is no private key in PEM form here";
    throw new CertificateError(`BERTH_TLS_KEY: ${fault}`, { cause });
  }
}

const SOON_MS = 14 * 24 * 3_600_000;

function* warningsOf({ validFromDate, validToDate }: X509Certificate, now: Date): Generator<string> {
  const until = validToDate.toISOString();
  if (validFromDate > now) yield `the certificate is valid only from ${validFromDate.toISOString()} on`;
  if (validToDate <= now) yield `the certificate has expired at ${until}: browsers refuse it`;
  else if (validToDate.getTime() - now.getTime() < SOON_MS) yield `the certificate expires at ${until}: renew it`;
}
