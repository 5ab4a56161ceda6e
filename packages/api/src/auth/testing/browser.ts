import type { Actor, BrowserCookies } from "../../context.ts";
import { createCaller } from "../../router.ts";
import type { Caller, InProcessApi } from "../../testing/in-process-api.ts";
import { authenticate } from "../authenticate.ts";

/** A browser with its cookie jar, which two tabs share. */
export interface Browser {
  refresh_token: string | null;
  session_token: string | null;
  /** Calls with the cookies as they are now; as nobody, unless an access token is given. */
  call(access_token?: string): Promise<Caller>;
}

export function openBrowser({ services }: Pick<InProcessApi, "services">): Browser {
  const browser: Browser = {
    refresh_token: null,
    session_token: null,
    async call(access_token) {
      const actor: Actor | null = access_token === undefined ? null : await authenticate(services, access_token);
      const cookies: BrowserCookies = {
        refresh_token: browser.refresh_token,
        keep: (given) => Object.assign(browser, given),
        forget: () => Object.assign(browser, { refresh_token: null, session_token: null }),
      };
      return createCaller({ ...services, actor, address: "10.0.0.7", request_id: "a-request", cookies });
    },
  };
  return browser;
}
