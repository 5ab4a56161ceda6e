import { recordSetting } from "@berth/db/record-setting.ts";
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
export const recordGateway = (sql: Sql, address: GatewayAddress | null): Promise<void> =>
  recordSetting(sql, GATEWAY_KEY, address);
