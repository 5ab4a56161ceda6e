import { hostname } from "node:os";
import type { Env } from "./env.ts";

/**
 * The host that people reach this server by; an IPv6 address stands without its brackets. One that listens everywhere is
 * known by its name.
 */
export function publicHostOf({ BERTH_HOST, BERTH_PUBLIC_URL }: Pick<Env, "BERTH_HOST" | "BERTH_PUBLIC_URL">): string {
  if (BERTH_PUBLIC_URL !== undefined) return new URL(BERTH_PUBLIC_URL).hostname.replace(/^\[|\]$/g, "");
  return BERTH_HOST === "0.0.0.0" || BERTH_HOST === "::" ? hostname() : BERTH_HOST;
}
