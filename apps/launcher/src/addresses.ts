import type { Environment } from "./env.ts";

type Listening = Pick<Environment, "BERTH_HOST" | "BERTH_PORT" | "BERTH_PUBLIC_URL" | "BERTH_TLS_CERT">;

/** Where this machine itself reaches the server. One that listens everywhere also listens on loopback. */
export function localOrigin({ BERTH_HOST, BERTH_PORT, BERTH_TLS_CERT }: Listening): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[BERTH_HOST] ?? BERTH_HOST;
  const scheme = BERTH_TLS_CERT === undefined ? "http" : "https";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${BERTH_PORT}`;
}

/** The address to open in a browser. */
export function publicUrl(environment: Listening): string {
  return environment.BERTH_PUBLIC_URL?.replace(/\/+$/, "") ?? localOrigin(environment);
}
