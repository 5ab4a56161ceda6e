import { z } from "zod";
import { loadSealedSetting } from "../sealed-setting.ts";
import type { SecretBox } from "../secret-box.ts";
import type { Sql } from "../sql.ts";

/** In OpenSSH's form; the public one is a line of `authorized_keys`. */
const SshKey = z.object({ private_key: z.string(), public_key: z.string() });
export type SshKey = z.infer<typeof SshKey>;

/** With what this installation signs in where a machine is reached over ssh: `make` is called once in its life. */
export async function loadSshKey(sql: Sql, box: SecretBox, make: () => SshKey): Promise<SshKey> {
  const text = await loadSealedSetting(sql, box, "engine_ssh_key", async () => JSON.stringify(make()));
  return SshKey.parse(JSON.parse(text));
}
