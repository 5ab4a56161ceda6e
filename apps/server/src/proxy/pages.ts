import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";

/** Of every page of ours: it may be on one origin with others, and must lend them nothing. */
export const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox allow-top-navigation-by-user-activation",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

export interface Page {
  status: number;
  title: string;
  /** What to do. */
  text: string;
  /** Where to go for that. */
  link?: { url: string; text: string } | undefined;
  /** Seconds after which it may be otherwise. */
  retryAfterS?: number;
}

export function sendPage(request: IncomingMessage, response: ServerResponse, page: Page): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const wantsHtml = (request.headers.accept ?? "").includes("text/html");
  const body = wantsHtml ? htmlOf(page) : `${page.title}. ${page.text}\n`;
  response.writeHead(page.status, {
    ...PAGE_HEADERS,
    "content-type": `text/${wantsHtml ? "html" : "plain"}; charset=utf-8`,
    "content-length": String(Buffer.byteLength(body)),
    ...(page.retryAfterS === undefined ? {} : { "retry-after": String(page.retryAfterS) }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

/** The same for a connection that is to be upgraded, or whose request can't be read. */
export function pageOnWire(status: number, text: string): string {
  const headers = Object.entries({ ...PAGE_HEADERS, "content-type": "text/plain; charset=utf-8" });
  const lines = [
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "connection: close",
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n${text}`;
}

const htmlOf = ({ title, text, link }: Page): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em;color:#1c2733;background:#f6f8fa}h1{font-size:1.4em}</style>
<h1>${escaped(title)}</h1><p>${escaped(text)}</p>${link ? `<p><a href="${escaped(link.url)}">${escaped(link.text)}</a></p>` : ""}
</html>`;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
