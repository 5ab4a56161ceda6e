import type { Sql } from "./sql.ts";

/** What all processes of the installation read under `key`; null takes it away. */
export async function recordSetting(sql: Sql, key: string, value: unknown): Promise<void> {
  if (value === null) {
    await sql("DELETE FROM settings WHERE key = $1", [key]);
    return;
  }
  await sql(
    `INSERT INTO settings (key, value) VALUES ($1, $2::jsonb)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value WHERE settings.value <> EXCLUDED.value`,
    [key, JSON.stringify(value)],
  );
}
