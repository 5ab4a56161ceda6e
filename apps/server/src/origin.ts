import type { FastifyRequest } from "fastify";

/** What of a request says where it comes from. */
export interface Provenance extends Pick<FastifyRequest, "headers" | "host"> {
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
export function isSameOrigin(request: Provenance): boolean {
  const page = URL.parse(request.headers.origin ?? "");
  if (!page || !["http:", "https:"].includes(page.protocol)) return false;
  // The reverse is no fault: a proxy may end TLS for us without our being told.
  if (isHttps(request) && page.protocol !== "https:") return false;
  return URL.parse(`${page.protocol}//${request.host}`)?.host === page.host;
}

/** By what address the caller reached us, as far as the request tells. */
export const originOf = (request: Provenance): string => `${isHttps(request) ? "https" : "http"}://${request.host}`;
