import { randomBytes } from "node:crypto";
import { z } from "zod";
import { loadSealedSetting } from "../sealed-setting.ts";
import type { SecretBox } from "../secret-box.ts";
import type { Sql } from "../sql.ts";

/** PEM texts. */
const KeyAndCertificate = z.object({ key: z.string(), certificate: z.string() });
type KeyAndCertificate = z.infer<typeof KeyAndCertificate>;
type Make = () => Promise<KeyAndCertificate>;

/** What this installation signs registry tokens with: `make` is called once in its life. */
export const loadRegistryKeys = (sql: Sql, box: SecretBox, make: Make): Promise<KeyAndCertificate> =>
  loadPair(sql, box, "registry_token_keys", make);

/** This installation's certificate authority: `make` is called once in its life. */
export const loadAuthority = (sql: Sql, box: SecretBox, make: Make): Promise<KeyAndCertificate> =>
  loadPair(sql, box, "authority", make);

/** What the registry says with each of its notifications, so that nobody else is believed. */
export const loadEventsSecret = (sql: Sql, box: SecretBox): Promise<string> =>
  loadSealedSetting(sql, box, "registry_events_secret", async () => randomBytes(32).toString("base64url"));

async function loadPair(sql: Sql, box: SecretBox, key: string, make: Make): Promise<KeyAndCertificate> {
  const text = await loadSealedSetting(sql, box, key, async () => JSON.stringify(await make()));
  return KeyAndCertificate.parse(JSON.parse(text));
}
