import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Place } from "./place.ts";

/** Said of one connection, not of what is carried over it (RFC 9110, 7.6.1). */
export const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Ours, whatever the port of our host that set it: browsers keep cookies by host name alone. */
const OWN_COOKIE = /^(__Host-)?berth_/i;

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) > 0;

/** What the program is told; `isOurs` says of an Authorization whether it is for Berth. */
export function requestHeaders(
  request: IncomingMessage,
  place: Place,
  { isOurs, address }: { isOurs: boolean; address: string },
): OutgoingHttpHeaders {
  const named = new Set((request.headers.connection ?? "").toLowerCase().split(/\s*,\s*/));
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    const stays =
      !HOP_BY_HOP.has(name) &&
      !named.has(name) &&
      name !== "expect" && // answered here
      !/^(x-)?berth-/.test(name) &&
      !name.startsWith("x-forwarded-") &&
      name !== "forwarded" &&
      name !== "x-real-ip" &&
      !(name === "authorization" && isOurs);
    if (stays) headers[name] = value;
  }
  const cookies = foreignCookies(request.headers.cookie);
  if (cookies === "") delete headers["cookie"];
  else headers["cookie"] = cookies;
  headers["x-forwarded-for"] = address;
  headers["x-forwarded-proto"] = place.scheme;
  headers["x-forwarded-host"] = place.host;
  if (place.isShared) headers["x-forwarded-prefix"] = place.prefix.slice(0, -1);
  // Node would send a GET's or DELETE's body without an end: the program would read it as requests of their own.
  if (hasBody(request) && headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
  return headers;
}

export const cookiesNamed = (header: string | undefined, name: string): string[] =>
  pairsOf(header).flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []));

const foreignCookies = (header: string | undefined): string =>
  pairsOf(header)
    .filter((pair) => !OWN_COOKIE.test(pair))
    .join("; ");

const pairsOf = (header: string | undefined): string[] => (header ?? "").split(/;\s*/).filter((pair) => pair !== "");

export const isOwnCookie = (pair: string): boolean => OWN_COOKIE.test(pair.trim());
