import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TOKEN_ISSUER, TOKEN_SERVICE } from "@berth/docker/registry/token.ts";
import { joinAddress } from "./addresses.ts";
import type { RegistrySecrets } from "./secrets.ts";
import type { RegistrySettings } from "./settings.ts";

export type RegistryMode = "writable" | "read-only";

/** Files of the registry's folder, which is mode 0700: the configuration holds secrets. */
export const configFile = (folder: string, mode: RegistryMode): string =>
  join(folder, mode === "writable" ? "config.json" : "config-read-only.json");
export const storageFolder = (folder: string): string => join(folder, "storage");
const tokenCertificatesFile = (folder: string): string => join(folder, "token-certificates.pem");

export interface CertificateFiles {
  cert: string;
  key: string;
}

/** Writes what distribution 2.8 and 3.x alike start with. */
export async function writeConfig(
  settings: RegistrySettings,
  secrets: RegistrySecrets,
  certificate: CertificateFiles | null,
): Promise<void> {
  const { folder } = settings;
  await mkdir(storageFolder(folder), { recursive: true, mode: 0o700 });
  await writePrivate(tokenCertificatesFile(folder), secrets.tokenCertificates);
  for (const mode of ["writable", "read-only"] as const) {
    const config = makeConfig(settings, secrets, certificate, mode);
    await writePrivate(configFile(folder, mode), `${JSON.stringify(config, null, 2)}\n`); // JSON is YAML
  }
}

function makeConfig(
  { folder, listen, realm, eventsUrl }: RegistrySettings,
  secrets: RegistrySecrets,
  certificate: CertificateFiles | null,
  mode: RegistryMode,
): unknown {
  return {
    version: 0.1,
    log: { level: "warn", formatter: "json", accesslog: { disabled: true } },
    // No cache of blobs: it answers for what garbage collection has deleted (distribution#1939).
    storage: {
      filesystem: { rootdirectory: storageFolder(folder) },
      delete: { enabled: true },
      maintenance: { readonly: { enabled: mode === "read-only" } },
    },
    http: {
      addr: joinAddress(listen),
      secret: secrets.httpSecret,
      ...(certificate && { tls: { certificate: certificate.cert, key: certificate.key } }),
    },
    auth: {
      token: {
        realm,
        service: TOKEN_SERVICE,
        issuer: TOKEN_ISSUER,
        rootcertbundle: tokenCertificatesFile(folder),
      },
    },
    notifications: {
      endpoints: [
        {
          name: "berth",
          url: eventsUrl,
          headers: { Authorization: [`Bearer ${secrets.eventsSecret}`] },
          timeout: "2s",
          threshold: 3,
          backoff: "1s",
          ignoredmediatypes: ["application/octet-stream"], // layers: only manifests are told of
        },
      ],
    },
  };
}

/** At once or not at all: a registry may be started with it at any moment. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}
