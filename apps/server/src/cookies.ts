import type { BrowserCookies } from "@berth/api/context.ts";
import { PAGE_KEY_HEADER } from "@berth/spec/user.ts";
import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isHttps } from "./origin.ts";

/** Only signing in again, refreshing and signing out need it, so it is sent nowhere else: at every port of our host, though. */
const REFRESH = { name: "berth_refresh", path: "/api/auth", maxAge: 30 * 24 * 3_600 };

/** For a request of the same origin only: see `isSameOrigin`. */
export function browserCookies(request: FastifyRequest, reply: FastifyReply): BrowserCookies {
  const attributes: CookieSerializeOptions = {
    path: REFRESH.path,
    httpOnly: true,
    sameSite: "strict",
    secure: isHttps(request),
  };
  const page_key = request.headers[PAGE_KEY_HEADER];
  return {
    refresh_token: request.cookies[REFRESH.name] || null,
    page_key: typeof page_key === "string" ? page_key : null,
    keep({ refresh_token, page_key }) {
      reply.setCookie(REFRESH.name, refresh_token, { ...attributes, maxAge: REFRESH.maxAge });
      // Not in the answer itself, which is the same for programs. No other origin may read a header either.
      if (page_key !== null) reply.header(PAGE_KEY_HEADER, page_key);
    },
    forget() {
      reply.clearCookie(REFRESH.name, attributes);
    },
  };
}
