import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { issueServerCertificate, makeAuthority, makeTokenKeys } from "./authority.ts";

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
