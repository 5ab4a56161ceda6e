/** For the console. Nothing from elsewhere, no inline script, in nobody's frame. */
const DIRECTIVES = [
  "default-src 'self'",
  "base-uri 'none'",
  "font-src 'self' data:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "script-src 'self'",
  // Component libraries put their styles into the page at run time.
  "style-src 'self' 'unsafe-inline'",
].join("; ");

/** `host` is what the browser calls us, with its port. */
export function contentSecurityPolicy(host: string, isHttps: boolean): string {
  // Not every browser in use takes 'self' for WebSockets, too. The caller wrote the host: no directive may hide in it.
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ${isHttps ? "wss" : "ws"}://${host}` : "";
  return `${DIRECTIVES}; connect-src 'self'${sockets}${isHttps ? "; upgrade-insecure-requests" : ""}`;
}
