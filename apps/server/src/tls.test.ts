import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, issueServerCertificate } from "@berth/testbed/fleet/certificates.ts";
import { runCommand } from "@berth/testbed/fleet/run-command.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCertificate } from "./tls.ts";

const DAY_MS = 24 * 3_600_000;
let folder: string;
let certFile: string;
let keyFile: string;
const inFolder = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-tls-"));
  await createAuthority(folder);
  ({ cert: certFile, key: keyFile } = await issueServerCertificate(folder, folder, "berth.lab", "127.0.0.1"));
  await writeFile(inFolder("not-pem"), "a certificate, but not really");
});
afterAll(() => rm(folder, { recursive: true }));

const read = (change: { certFile?: string; keyFile?: string }) => readCertificate({ certFile, keyFile, ...change });

test("reads a certificate and its key, and says when it expires soon, has expired or is not valid yet", async () => {
  const warningsIn = async (ms: number) =>
    (await readCertificate({ certFile, keyFile }, new Date(Date.now() + ms))).warnings;
  const { certificate } = await read({});
  expect(certificate).toMatchObject({
    cert: expect.stringContaining("BEGIN CERT"),
    key: expect.stringContaining("KEY"),
  });
  expect(await warningsIn(-20 * DAY_MS)).toEqual([expect.stringContaining("valid only from")]);
  expect(await warningsIn(0)).toEqual([expect.stringContaining("renew it")]);
  expect(await warningsIn(3 * DAY_MS)).toEqual([expect.stringContaining("has expired")]);
});

test("names the variable whose file can't be read, is not PEM, or fits not the other", async () => {
  await expect(read({ certFile: inFolder("nowhere") })).rejects.toThrow(
    /^BERTH_TLS_CERT: the file can't be read: ENOENT/,
  );
  await expect(read({ keyFile: inFolder("nowhere") })).rejects.toThrow(
    /^BERTH_TLS_KEY: the file can't be read: ENOENT/,
  );
  await expect(read({ certFile: inFolder("not-pem") })).rejects.toThrow(
    /^BERTH_TLS_CERT: there is no certificate in PEM form/,
  );
  await expect(read({ keyFile: inFolder("not-pem") })).rejects.toThrow(
    /^BERTH_TLS_KEY: there is no private key in PEM form/,
  );
  await expect(read({ keyFile: inFolder("ca-key.pem") })).rejects.toThrow(/^BERTH_TLS_KEY: this key is not the one/);
});

test("says of a key with a passphrase that it must have none", async () => {
  const locked = inFolder("locked.pem");
  await runCommand("openssl", ["pkcs8", "-topk8", "-in", keyFile, "-out", locked, "-passout", "pass:secret"]);
  await expect(read({ keyFile: locked })).rejects.toThrow("BERTH_TLS_KEY: this key has a passphrase: give one without");
});
