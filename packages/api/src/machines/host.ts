import { recordSetting } from "@berth/db/record-setting.ts";
import type { Sql } from "@berth/db/sql.ts";
import { isLoopback } from "@berth/spec/loopback.ts";

const KEY = "public_host";

/** As SQL: where people reach the host that Berth itself runs on; null where only that host reaches it. */
export const PUBLIC_HOST = `(SELECT value #>> '{}' FROM settings WHERE key = '${KEY}')`;

/** Tells all servers of the installation. */
export const recordPublicHost = (sql: Sql, host: string): Promise<void> =>
  recordSetting(sql, KEY, isLoopback(host) ? null : host);

/** Where users reach a machine's ports: the host of its engine's address, and of a unix socket the host that Berth runs on. */
export function hostOf(url: string, publicHost: string | null): string | null {
  if (!URL.canParse(url)) return null;
  const { hostname, protocol } = new URL(url);
  if (protocol === "unix:") return publicHost;
  return hostname === "" ? null : hostname.replace(/^\[(.*)\]$/, "$1");
}
