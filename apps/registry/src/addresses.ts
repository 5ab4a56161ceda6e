import { isIPv6 } from "node:net";

export interface HostAndPort {
  /** An IPv6 address stands here without its brackets. */
  host: string;
  port: number;
}

/** Of a `host:port` that was checked before. */
export function splitAddress(address: string): HostAndPort {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(at + 1)) };
}

export function joinAddress({ host, port }: HostAndPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** What listens there is reached by every address of this machine, and is itself no address to reach it by. */
export function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Where this host itself reaches what listens on `host`. */
export function reachableHere(host: string): string {
  return { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
}
