import type { FastifyRequest } from "fastify";

/** What of a request says where it comes from. */
export interface Provenance extends Pick<FastifyRequest, "headers" | "host" | "method"> {
  /** As a proxy that we are told to believe says it, else of the connection. */
  protocol: string;
}

/** The browser reached us over TLS, our own or that of a proxy. */
export const isHttps = ({ protocol }: Pick<Provenance, "protocol">): boolean =>
  // Some proxies name the scheme of a WebSocket's handshake so.
  protocol === "https" || protocol === "wss";

/**
 * The request was made by a page that this server itself served: its `Origin` is our host and port. A program sends no
 * Origin, a sandboxed page sends `null`, and neither is the same. Another port is another origin, though the cookies are
 * the same: users' own web pages are shown there.
 */
export function isSameOrigin(request: Omit<Provenance, "method">): boolean {
  const page = URL.parse(request.headers.origin ?? "");
  if (!page || !["http:", "https:"].includes(page.protocol)) return false;
  // The reverse is no fault: a proxy may end TLS for us without our being told.
  if (isHttps(request) && page.protocol !== "https:") return false;
  return URL.parse(`${page.protocol}//${request.host}`)?.host === page.host;
}

/** A page made the request, and it is none of ours. */
const isForeignOrigin = (request: Omit<Provenance, "method">): boolean =>
  request.headers.origin !== undefined && !isSameOrigin(request);

/**
 * Whether what a browser sends along by itself may say who calls. Other people's pages can make it send requests, too:
 * they are told by their Origin, or, where a plain GET has none, by what newer browsers say of it. Older ones leave a GET
 * that changes nothing, and whose answer no other origin can read.
 */
export function mayUseCookie(request: Provenance): boolean {
  if (isForeignOrigin(request)) return false;
  if (request.headers.origin !== undefined) return true;
  if (request.method !== "GET") return false;
  const site = request.headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none";
}
