import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Place } from "./place.ts";
import { HOP_BY_HOP, isOwnCookie } from "./request-headers.ts";

/** What would speak for the whole host, or origin, and so for other containers and for Berth. */
const NOT_ITS_OWN = new Set([
  "alt-svc",
  "clear-site-data",
  "nel",
  "public-key-pins",
  "report-to",
  "service-worker-allowed",
  "strict-transport-security",
]);

/** What the browser is told, so that the program's pages stay by themselves. */
export function responseHeaders(response: IncomingMessage, place: Place): OutgoingHttpHeaders {
  const named = new Set((response.headers.connection ?? "").toLowerCase().split(/\s*,\s*/));
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (!HOP_BY_HOP.has(name) && !named.has(name) && !NOT_ITS_OWN.has(name)) headers[name] = value;
  }
  const cookies = (response.headers["set-cookie"] ?? []).flatMap((cookie) => confinedCookie(cookie, place));
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  else delete headers["set-cookie"];
  const { location } = response.headers;
  if (location !== undefined) headers["location"] = confinedLocation(location, place);
  return { ...headers, ...confinement(place, response.headers["content-security-policy"]) };
}

/** Nothing for a cookie that is not the program's to set. `__Host-` ones can have no path, so no place on a shared origin. */
function confinedCookie(cookie: string, place: Place): string[] {
  const [pair = "", ...attributes] = cookie.split(";");
  if (isOwnCookie(pair) || (place.isShared && /^\s*__Host-/i.test(pair))) return [];
  const kept = attributes.filter((attribute) => !/^\s*(domain|path)\s*=/i.test(attribute));
  const path = attributes.flatMap((attribute) => /^\s*path\s*=\s*(.*?)\s*$/i.exec(attribute)?.[1] ?? []).at(-1);
  return [[pair, ...kept, ` Path=${confinedPath(path?.startsWith("/") ? path : "/", place)}`].join(";")];
}

/** What leads to our own host leads into the container; a program knows nothing of what is in front of it. */
function confinedLocation(location: string, place: Place): string {
  const base = `${place.scheme}://${place.host}`;
  const at = place.port.strip_prefix ? `${place.prefix}${place.upstreamPath.slice(1)}` : place.upstreamPath;
  const target = URL.parse(location, `${base}${at}`);
  if (!target || target.host !== place.host) return location;
  return `${confinedPath(target.pathname, place)}${target.search}${target.hash}`;
}

const confinedPath = (path: string, place: Place): string =>
  path.startsWith(place.containerPath) ? path : `${place.prefix}${path.slice(1)}`;

/** No page may be framed by, or its answers given to, another origin; on a shared one, another container neither. */
function confinement(
  place: Pick<Place, "isShared" | "scheme" | "host" | "containerPath">,
  own: string | string[] | undefined = [],
): OutgoingHttpHeaders {
  const policies = [...[own].flat(), ...(place.isShared ? [sharedOriginPolicy(place)] : [])];
  return {
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-resource-policy": "same-origin",
    ...(policies.length > 0 && { "content-security-policy": policies.join(", ") }),
  };
}

/**
 * A page reaches nothing but its own container: sources have a path, which browsers compare until a redirect leads
 * elsewhere, and none of ours does. Without `allow-popups` it can't open another container's page and reach into that.
 */
function sharedOriginPolicy({ scheme, host, containerPath }: Pick<Place, "scheme" | "host" | "containerPath">): string {
  const pages = `${scheme}://${host}${containerPath}`;
  const sockets = `${scheme === "https" ? "wss" : "ws"}://${host}${containerPath}`;
  return [
    `default-src ${pages} 'unsafe-inline' 'unsafe-eval' data: blob:`,
    `connect-src ${pages} ${sockets} data: blob:`,
    `frame-src ${pages} data: blob:`,
    `base-uri ${pages}`,
    `form-action ${pages}`,
    "frame-ancestors 'self'",
    "sandbox allow-scripts allow-same-origin allow-forms allow-modals allow-downloads allow-pointer-lock",
  ].join("; ");
}
