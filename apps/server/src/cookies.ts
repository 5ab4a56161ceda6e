import type { CookieSerializeOptions } from "@fastify/cookie";
import { BROWSER_TOKEN_S } from "@berth/api/auth/access-token.ts";
import type { BrowserCookies } from "@berth/api/context.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isHttps } from "./origin.ts";

/** Only signing in again, refreshing and signing out need it, so it is sent nowhere else. */
const REFRESH = { name: "berth_refresh", path: "/api/auth", maxAge: 30 * 24 * 3_600 };
/** For pages of ours that have just been loaded, and for WebSockets, which can have no Authorization header. */
const SESSION = { name: "berth_session", path: "/", maxAge: BROWSER_TOKEN_S };

export const sessionTokenOf = (request: Pick<FastifyRequest, "cookies">): string | null =>
  request.cookies[SESSION.name] || null;

/** For a request of the same origin only: see `isSameOrigin`. */
export function browserCookies(request: FastifyRequest, reply: FastifyReply): BrowserCookies {
  const attributes = ({ path }: { path: string }): CookieSerializeOptions => ({
    path,
    httpOnly: true,
    sameSite: "strict",
    secure: isHttps(request),
  });
  const set = (cookie: typeof REFRESH, value: string): void => {
    reply.setCookie(cookie.name, value, { ...attributes(cookie), maxAge: cookie.maxAge });
  };
  return {
    refresh_token: request.cookies[REFRESH.name] || null,
    keep({ refresh_token, session_token }) {
      set(REFRESH, refresh_token);
      set(SESSION, session_token);
    },
    forget() {
      for (const cookie of [REFRESH, SESSION]) reply.clearCookie(cookie.name, attributes(cookie));
    },
  };
}
