import { randomBytes } from "node:crypto";
import { loadAuthority, loadEventsSecret, loadRegistryKeys } from "@berth/db/registry/keys.ts";
import { loadSealedSetting } from "@berth/db/sealed-setting.ts";
import type { SecretBox } from "@berth/db/secret-box.ts";
import type { Sql } from "@berth/db/sql.ts";
import { type KeyAndCertificate, makeAuthority, makeTokenKeys } from "@berth/docker/certificates/authority.ts";

/** What the installation has for its registry: made once, the same on every host. */
export interface RegistrySecrets {
  /** PEM of those whose tokens are believed. */
  tokenCertificates: string;
  /** What the server knows the registry's notifications by. */
  eventsSecret: string;
  /** Signs the state of uploads, which go on after a restart. */
  httpSecret: string;
  /** Signs the registry's own certificate. */
  authority: KeyAndCertificate;
}

export async function loadSecrets(sql: Sql, box: SecretBox): Promise<RegistrySecrets> {
  const { certificate } = await loadRegistryKeys(sql, box, makeTokenKeys);
  return {
    tokenCertificates: certificate,
    eventsSecret: await loadEventsSecret(sql, box),
    httpSecret: await loadSealedSetting(sql, box, "registry_http_secret", async () =>
      randomBytes(32).toString("base64url"),
    ),
    authority: await loadAuthority(sql, box, () => makeAuthority("Berth")),
  };
}
