import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";

/** PEM texts with which a client reaches an engine over mutual TLS. */
export interface TlsClient {
  ca: string;
  cert: string;
  key: string;
}

/** Files with which an engine listens. */
export interface TlsServerFiles {
  ca: string;
  cert: string;
  key: string;
}

const NEW_EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate authority in `folder`, good for the two days that no test run lasts. */
export async function createAuthority(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = ["-keyout", join(folder, "ca-key.pem"), "-out", join(folder, "ca.pem")];
  await runCommand("openssl", ["req", "-x509", ...NEW_EC_KEY, ...files, "-days", "2", "-subj", "/CN=Berth test fleet"]);
}

/** Puts what the engine at these addresses listens with into `folder`, which it must be able to read. */
export async function issueServerCertificate(
  authority: string,
  folder: string,
  name: string,
  ...addresses: string[]
): Promise<TlsServerFiles> {
  const names = addresses.map((address) => `IP:${address}`).join();
  await issue(authority, join(folder, "server"), name, `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  await copyFile(join(authority, "ca.pem"), join(folder, "ca.pem"));
  return { ca: join(folder, "ca.pem"), cert: join(folder, "server.pem"), key: join(folder, "server-key.pem") };
}

export async function issueClientCertificate(authority: string): Promise<TlsClient> {
  await issue(authority, join(authority, "client"), "client", "extendedKeyUsage=clientAuth\n");
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "client.pem", "client-key.pem"].map((file) => readFile(join(authority, file), "utf8")),
  );
  return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
}

/** Writes `TARGET.pem` and `TARGET-key.pem`. */
async function issue(authority: string, target: string, commonName: string, extensions: string): Promise<void> {
  await writeFile(`${target}.ext`, extensions);
  const request = ["-keyout", `${target}-key.pem`, "-out", `${target}.csr`, "-subj", `/CN=${commonName}`];
  await runCommand("openssl", ["req", "-new", ...NEW_EC_KEY, ...request]);
  const signer = ["-CA", join(authority, "ca.pem"), "-CAkey", join(authority, "ca-key.pem"), "-days", "2"];
  // A random serial number: the default is a counter in a file, which issues at the same time would tear.
  const serial = ["-set_serial", `0x${randomBytes(8).toString("hex")}`];
  const output = ["-extfile", `${target}.ext`, "-out", `${target}.pem`];
  await runCommand("openssl", ["x509", "-req", "-in", `${target}.csr`, ...signer, ...serial, ...output]);
}
