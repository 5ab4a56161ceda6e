import "reflect-metadata"; // before @peculiar/x509
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { expect, test } from "vitest";
import {
  issueClientCertificate,
  issueServerCertificate,
  makeAuthority,
  makeTokenKeys,
  signServerRequest,
} from "./authority.ts";

const YEAR_MS = 365 * 86_400_000;

test("an authority signs for itself, for ten years", async () => {
  const { key, certificate } = await makeAuthority("A lab's authority");
  const read = new X509Certificate(certificate);
  expect(read.ca).toBe(true);
  expect(read.subject).toBe("CN=A lab's authority");
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  const years = (Date.parse(read.validTo) - Date.now()) / YEAR_MS;
  expect(years).toBeGreaterThan(9.9);
  expect(years).toBeLessThan(10.1);
});

test("a server's certificate is good for its hosts, by name and by address, and for no other", async () => {
  const authority = await makeAuthority("Berth");
  const hosts = ["registry.lab", "10.0.0.1", "::1"];
  const { key, certificate } = await issueServerCertificate(authority, { hosts, days: 30 });
  const read = new X509Certificate(certificate);
  expect(read.ca).toBe(false);
  expect(read.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
  expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.checkHost("registry.lab")).toBe("registry.lab");
  expect(read.checkHost("other.lab")).toBeUndefined();
  expect(read.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(read.checkIP("::1")).toBe("::1");
  expect(read.checkIP("10.0.0.2")).toBeUndefined();
});

test("a certificate is for somebody, and of any length of name", async () => {
  const authority = await makeAuthority("Berth");
  await expect(issueServerCertificate(authority, { hosts: [], days: 1 })).rejects.toThrow("at least one host");
  const long = `${"a".repeat(60)}.${"b".repeat(60)}.lab`;
  const { certificate } = await issueServerCertificate(authority, { hosts: [long], days: 1 });
  expect(new X509Certificate(certificate).checkHost(long)).toBe(long);
});

test("no two keys are the same", async () => {
  const [one, other] = [await makeTokenKeys(), await makeTokenKeys()];
  expect(one.key).not.toBe(other.key);
});

const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** As a server makes it that wants more than it should have. */
async function makeRequest(algorithm: webcrypto.EcKeyGenParams = P256): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=registry.lab",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new SubjectAlternativeNameExtension([{ type: "dns", value: "registry.lab" }]),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ],
  });
  return request.toString("pem");
}

test("a server's request is signed for the hosts that we name, whatever else it asks for", async () => {
  const authority = await makeAuthority("Berth");
  const signed = await signServerRequest(authority, await makeRequest(), { hosts: ["10.0.0.5"], days: 30 });
  const read = new X509Certificate(signed);
  expect(read.subject).toBe("CN=10.0.0.5");
  expect(read.subjectAltName).toBe("IP Address:10.0.0.5");
  expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(read.ca).toBe(false);
  expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
});

test("a request that is none, of another kind of key, or not signed with its key is refused", async () => {
  const authority = await makeAuthority("Berth");
  const sign = (request: string) => signServerRequest(authority, request, { hosts: ["10.0.0.5"], days: 30 });
  await expect(sign("nothing")).rejects.toThrow("not a certificate signing request");
  await expect(sign(await makeRequest({ name: "ECDSA", namedCurve: "P-384" }))).rejects.toThrow("P-256");
  const bytes = Buffer.from((await makeRequest()).replace(/-----[^-]+-----/g, ""), "base64");
  const other = Buffer.from((await makeRequest()).replace(/-----[^-]+-----/g, ""), "base64");
  other.copy(bytes, bytes.length - 8, other.length - 8); // the end of another's signature
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  await expect(sign(forged)).rejects.toThrow("not signed with its own key");
});

test("a client's certificate is good for clients alone, and ends no later than its authority", async () => {
  const authority = await makeAuthority("Berth");
  const { key, certificate } = await issueClientCertificate(authority, { name: "Berth", days: 10_000 });
  const read = new X509Certificate(certificate);
  expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.validTo).toBe(new X509Certificate(authority.certificate).validTo);
});
