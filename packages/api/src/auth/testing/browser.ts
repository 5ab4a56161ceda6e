import type { Actor, BrowserCookies } from "../../context.ts";
import { createCaller } from "../../router.ts";
import type { Caller, InProcessApi } from "../../testing/in-process-api.ts";
import { authenticate } from "../authenticate.ts";

/** A browser with its cookie jar and the key that its pages keep, which two tabs share. */
export interface Browser {
  refresh_token: string | null;
  page_key: string | null;
  /** Calls with cookie and key as they are now; as nobody, unless an access token is given. */
  call(access_token?: string): Promise<Caller>;
}

export function openBrowser({ services }: Pick<InProcessApi, "services">): Browser {
  const browser: Browser = {
    refresh_token: null,
    page_key: null,
    async call(access_token) {
      const actor: Actor | null = access_token === undefined ? null : await authenticate(services, access_token);
      const cookies: BrowserCookies = {
        refresh_token: browser.refresh_token,
        page_key: browser.page_key,
        keep({ refresh_token, page_key }) {
          browser.refresh_token = refresh_token;
          browser.page_key = page_key ?? browser.page_key;
        },
        forget() {
          browser.refresh_token = null;
        },
      };
      return createCaller({ ...services, actor, address: "10.0.0.7", request_id: "a-request", cookies });
    },
  };
  return browser;
}
