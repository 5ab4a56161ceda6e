import { randomUUID } from "node:crypto";
import type { Sql } from "./sql.ts";

/** This installation's uuid: the label by which engines tell its containers from another Berth's. Made once. */
export async function loadInstallation(sql: Sql): Promise<string> {
  await sql(
    "INSERT INTO settings (key, value) VALUES ('installation', to_jsonb($1::text)) ON CONFLICT (key) DO NOTHING",
    [randomUUID()],
  );
  const [row] = await sql<{ value: string }>("SELECT value #>> '{}' AS value FROM settings WHERE key = 'installation'");
  if (!row) throw new Error("the settings table lost its installation");
  return row.value;
}
