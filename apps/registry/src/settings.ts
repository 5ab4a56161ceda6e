import { join } from "node:path";
import { isLoopback } from "@berth/spec/loopback.ts";
import { type HostAndPort, joinAddress, reachableHere, splitAddress } from "./addresses.ts";
import type { Env } from "./env.ts";

/** How the registry is to run, as the environment says it. */
export interface RegistrySettings {
  /** Of its own below the data dir: config, certificates, storage. */
  folder: string;
  listen: HostAndPort;
  /** `host:port` as the machines reach it. */
  publicAddress: string;
  /** Null over plain http. */
  tls: { kind: "own"; cert: string; key: string } | { kind: "issued"; hosts: string[] } | null;
  /** As this host reaches it. */
  localUrl: string;
  /** Where clients get their tokens. */
  realm: string;
  /** Where it tells what was pushed and deleted. */
  eventsUrl: string;
}

export const registryFolder = (dataDir: string): string => join(dataDir, "registry");

export function resolveSettings(env: Env, hostName: string): RegistrySettings {
  const listen = splitAddress(env.BERTH_REGISTRY_LISTEN);
  const publicAddress = env.BERTH_REGISTRY_PUBLIC ?? env.BERTH_REGISTRY_LISTEN;
  const publicHost = splitAddress(publicAddress).host;
  const tls = resolveTls(env, publicHost, hostName);
  const here = reachableHere(listen.host);
  return {
    folder: registryFolder(env.BERTH_DATA_DIR),
    listen,
    publicAddress,
    tls,
    localUrl: `${tls ? "https" : "http"}://${joinAddress({ host: here, port: listen.port })}`,
    realm: `${publicOrigin(env)}/registry/token`,
    eventsUrl: `${eventsOrigin(env)}/registry/events`,
  };
}

function resolveTls(env: Env, publicHost: string, hostName: string): RegistrySettings["tls"] {
  const { BERTH_REGISTRY_TLS_CERT: cert, BERTH_REGISTRY_TLS_KEY: key } = env;
  if (env.BERTH_REGISTRY_TLS === "off") return null;
  if (cert !== undefined && key !== undefined) return { kind: "own", cert, key };
  if (isLoopback(publicHost)) return null;
  return { kind: "issued", hosts: [...new Set([publicHost, hostName, "localhost", "127.0.0.1", "::1"])] };
}

function localOrigin(env: Env): string {
  const scheme = env.BERTH_TLS_CERT === undefined ? "http" : "https";
  return `${scheme}://${joinAddress({ host: reachableHere(env.BERTH_HOST), port: env.BERTH_PORT })}`;
}

function publicOrigin(env: Env): string {
  return env.BERTH_PUBLIC_URL?.replace(/\/+$/, "") ?? localOrigin(env);
}

/** The server's own certificate need not name the address of this host, and the registry checks it. */
function eventsOrigin(env: Env): string {
  return env.BERTH_TLS_CERT === undefined ? localOrigin(env) : publicOrigin(env);
}
