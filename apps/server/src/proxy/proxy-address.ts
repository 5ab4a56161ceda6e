import type { ProxyAddress } from "@berth/api/proxy/addresses.ts";
import type { Env } from "../env.ts";
import { publicHostOf } from "../public-host.ts";

type Told = Pick<Env, "BERTH_HOST" | "BERTH_PUBLIC_URL" | "BERTH_PROXY_URL" | "BERTH_PROXY_DOMAIN">;

/** How browsers reach the proxy: as it is told, else at its own port of the host that Berth is reached at. */
export function proxyAddressOf(told: Told, { port, isSecure }: { port: number; isSecure: boolean }): ProxyAddress {
  const domain = told.BERTH_PROXY_DOMAIN ?? null;
  if (told.BERTH_PROXY_URL !== undefined) return { url: told.BERTH_PROXY_URL, domain };
  const url = new URL(told.BERTH_PUBLIC_URL ?? `${isSecure ? "https" : "http"}://${bracketed(publicHostOf(told))}`);
  url.port = String(port);
  return { url: url.origin, domain };
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);
