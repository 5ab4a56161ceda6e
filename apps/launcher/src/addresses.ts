import type { Environment } from "./env.ts";

type Listening = Pick<Environment, "BERTH_HOST" | "BERTH_PORT" | "BERTH_PUBLIC_URL">;

/** Where this machine itself reaches the server. One that listens everywhere also listens on loopback. */
export function localOrigin({ BERTH_HOST, BERTH_PORT }: Listening): string {
  const host = { "0.0.0.0": "127.0.0.1", "::": "::1" }[BERTH_HOST] ?? BERTH_HOST;
  return `http://${host.includes(":") ? `[${host}]` : host}:${BERTH_PORT}`;
}

/** The address to open in a browser. */
export function publicUrl(environment: Listening): string {
  return environment.BERTH_PUBLIC_URL?.replace(/\/+$/, "") ?? localOrigin(environment);
}
