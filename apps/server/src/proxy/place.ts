import { containerPathOf, OWN_PATH, pageOf, type ProxyAddress } from "@berth/api/proxy/addresses.ts";
import type { Visit } from "@berth/api/proxy/visit.ts";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import type { IncomingMessage } from "node:http";

/** A request that was let in: to which port, and how the browser and the program name its pages. */
export interface Place {
  visit: Visit;
  port: ContainerPort;
  /** As the browser wrote it, checked to be a host: "berth.lab:3001". */
  host: string;
  scheme: "http" | "https";
  /** With a slash at its end, what all pages of the container lie below: "/" where it has an origin of its own. */
  containerPath: string;
  /** The same of the port. */
  prefix: string;
  /** What the program is asked for, with the query. */
  upstreamPath: string;
  /** Containers share this origin. */
  isShared: boolean;
}

/** What the proxy answers by itself below this path. */
export const isOwnPath = (url: string): boolean => url === OWN_PATH || url.startsWith(`${OWN_PATH}/`);

/** Null for what is no host: nothing may hide in it, for it is written into headers. */
export function hostOf(request: IncomingMessage): string | null {
  const host = request.headers.host ?? "";
  return /^([a-z0-9._-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/i.test(host) ? host.toLowerCase() : null;
}

export const schemeOf = ({ url }: ProxyAddress): "http" | "https" => (url.startsWith("https:") ? "https" : "http");

/** Null where this visit is not for what is asked: another container, a port that it does not have. */
export function placeOf(address: ProxyAddress, visit: Visit, host: string, url: string): Place | null {
  const scheme = schemeOf(address);
  const ports = visit.ports.filter(({ kind, protocol }) => kind === "http" && protocol === "tcp");
  if (address.domain !== null) {
    const port = ports.find(({ name }) => new URL(pageOf(address, visit, name)).host === host);
    if (!port || !url.startsWith("/")) return null;
    return { visit, port, host, scheme, containerPath: "/", prefix: "/", upstreamPath: url, isShared: false };
  }
  const containerPath = containerPathOf(visit);
  if (!url.startsWith(containerPath)) return null;
  // Split as it was written: an encoded slash is no slash here, nor in a browser's rules.
  const [name] = url.slice(containerPath.length).split(/[/?]/, 1);
  const port = ports.find((own) => own.name === name);
  if (!port) return null;
  const prefix = `${containerPath}${port.name}/`;
  const upstreamPath = port.strip_prefix ? `/${url.slice(prefix.length)}` : url;
  return { visit, port, host, scheme, containerPath, prefix, upstreamPath, isShared: true };
}
