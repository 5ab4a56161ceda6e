import type { Sql } from "@berth/db/sql.ts";

/** Where people reach the ssh gateway, and by which key they know it. */
export interface GatewayAddress {
  host: string;
  port: number;
  fingerprint: string;
}

/** The row of `settings` with it. */
export const GATEWAY_KEY = "ssh_gateway";

/** Tells all servers of the installation, which show it with each container; null where it is off. */
export async function recordGateway(sql: Sql, address: GatewayAddress | null): Promise<void> {
  if (address === null) {
    await sql("DELETE FROM settings WHERE key = $1", [GATEWAY_KEY]);
    return;
  }
  await sql(
    `INSERT INTO settings (key, value) VALUES ($1, $2::jsonb)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value WHERE settings.value <> EXCLUDED.value`,
    [GATEWAY_KEY, JSON.stringify(address)],
  );
}
