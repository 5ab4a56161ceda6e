import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "@berth/docker/certificates/authority.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareCertificate } from "./certificate.ts";

const DAY_MS = 86_400_000;
const HOSTS = ["registry.lab", "10.0.0.1", "::1"];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-certificate-"));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (file: string): Promise<X509Certificate> => new X509Certificate(await readFile(file, "utf8"));

test("issues a certificate for every host, with its key, and keeps it over starts", async () => {
  const authority = await makeAuthority("test");
  const { cert, key } = await prepareCertificate(folder, HOSTS, authority, Date.now());
  const certificate = await read(cert);
  expect(certificate.checkHost("registry.lab")).toBe("registry.lab");
  expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(await readFile(key, "utf8")).toContain("PRIVATE KEY");
  await prepareCertificate(folder, HOSTS, authority, Date.now() + 300 * DAY_MS);
  expect((await read(cert)).fingerprint256).toBe(certificate.fingerprint256);
});

test("issues another within 30 days of its end", async () => {
  const authority = await makeAuthority("test");
  const { cert } = await prepareCertificate(folder, HOSTS, authority, Date.now());
  const first = await read(cert);
  await prepareCertificate(folder, HOSTS, authority, Date.parse(first.validTo) - 29 * DAY_MS);
  expect((await read(cert)).fingerprint256).not.toBe(first.fingerprint256);
});

test("issues another for other hosts, of another authority, and in place of what is none", async () => {
  const authority = await makeAuthority("test");
  const { cert } = await prepareCertificate(folder, HOSTS, authority, Date.now());
  await prepareCertificate(folder, [...HOSTS, "10.0.0.2"], authority, Date.now());
  expect((await read(cert)).checkIP("10.0.0.2")).toBe("10.0.0.2");
  const other = await makeAuthority("test");
  await prepareCertificate(folder, HOSTS, other, Date.now());
  expect((await read(cert)).verify(new X509Certificate(other.certificate).publicKey)).toBe(true);
  await writeFile(cert, "");
  await prepareCertificate(folder, HOSTS, other, Date.now());
  expect((await read(cert)).checkHost("registry.lab")).toBe("registry.lab");
});
