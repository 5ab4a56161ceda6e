import { recordSetting } from "@berth/db/record-setting.ts";
import type { Sql } from "@berth/db/sql.ts";

/** How browsers reach the pages of containers, as the servers of this installation have it. */
export interface ProxyAddress {
  /** An origin: "http://berth.lab:3001". */
  url: string;
  /** Each port has a host name of its own below this one; null: all are paths of `url`, on one origin. */
  domain: string | null;
}

/** Which container's port. */
export interface PortOwner {
  container_id: number;
  name: string;
  /** Of the container's owner. */
  account: string;
}

/** The path below which the proxy keeps what is its own; no account begins so. */
export const OWN_PATH = "/.berth";
const MAX_LABEL = 63;

/** SQL: a {@link ProxyAddress} as JSON, or null where no server shows pages. */
export const PROXY_ADDRESS = "(SELECT value FROM settings WHERE key = 'proxy')";

export async function loadProxyAddress(sql: Sql): Promise<ProxyAddress | null> {
  const [row] = await sql<{ proxy: ProxyAddress | null }>(`SELECT ${PROXY_ADDRESS} AS proxy`);
  return row?.proxy ?? null;
}

/** All servers of an installation have the same; the one that started last is believed. */
export const recordProxyAddress = (sql: Sql, address: ProxyAddress): Promise<void> =>
  recordSetting(sql, "proxy", address);

/** The origin that shows this port: with a wildcard domain its own. */
export function originOf({ url, domain }: ProxyAddress, owner: PortOwner, port: string): string {
  if (domain === null) return url;
  const { protocol, port: tcpPort } = new URL(url);
  return `${protocol}//${labelOf(owner, port)}.${domain}${tcpPort === "" ? "" : `:${tcpPort}`}`;
}

/** Where the pages of a container begin on the origin that they share with others: "/alice/train/". */
export const containerPathOf = ({ account, name }: PortOwner): string => `/${account}/${name}/`;

/** The port's address, without what lets anyone in. */
export const pageOf = (address: ProxyAddress, owner: PortOwner, port: string): string =>
  address.domain === null ? `${address.url}${containerPathOf(owner)}${port}/` : `${originOf(address, owner, port)}/`;

/** `<port>--<container>--<account>`; where a host name can't be that, `<port>--<container_id>`. */
function labelOf({ container_id, name, account }: PortOwner, port: string): string {
  const label = `${port}--${name}--${account}`;
  const isHostName = label.length <= MAX_LABEL && /^[a-z0-9-]*[a-z0-9]$/.test(label);
  return isHostName ? label : `${port}--${container_id}`;
}
