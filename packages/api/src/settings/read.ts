import type { Sql } from "@berth/db/sql.ts";
import { Settings } from "@berth/spec/settings.ts";

/** What admins have set, with the defaults for what nobody has. Berth keeps other things in that table, too. */
export async function readSettings(sql: Sql): Promise<Settings> {
  const rows = await sql<{ key: string; value: unknown }>("SELECT key, value FROM settings WHERE key = ANY ($1)", [
    Object.keys(Settings.shape),
  ]);
  return Settings.parse(Object.fromEntries(rows.map(({ key, value }) => [key, value])));
}
