import { pageKey } from "./page-key.ts";

/** Renewed so long before its end that no call is on its way with a token that has ended. */
const RENEW_BEFORE_MS = 60_000;

interface Held {
  token: string;
  renewAt: number;
}

/** In memory only: a page that is loaded again gets another one for its key and the refresh cookie, which no script can read. */
let held: Held | null = null;
let renewal: Promise<void> | null = null;

export const session = {
  begin(token: string): void {
    held = { token, renewAt: Date.now() + lifetimeMs(token) - RENEW_BEFORE_MS };
  },

  /** True where this browser is still signed in, from an earlier page. */
  async resume(): Promise<boolean> {
    await renew();
    return held !== null;
  },

  /** For the next call; null where nobody is signed in. */
  async token(): Promise<string | null> {
    if (held && held.renewAt <= Date.now()) await renew();
    return held?.token ?? null;
  },

  /** Where the server is away the session stays, and ends by its age. */
  async end(): Promise<void> {
    held = null;
    const headers = pageKey.headers();
    pageKey.forget();
    if (headers) await fetch("/api/auth/logout", { method: "POST", headers }).catch(() => undefined);
  },
};

/** Calls that need it at the same moment share one. A server that is away leaves the token that there is. */
function renew(): Promise<void> {
  renewal ??= requestToken().finally(() => {
    renewal = null;
  });
  return renewal;
}

async function requestToken(): Promise<void> {
  const headers = pageKey.headers();
  if (!headers) {
    held = null;
    return;
  }
  const response = await fetch("/api/auth/refresh", { method: "POST", headers });
  if (response.ok) session.begin(((await response.json()) as { access_token: string }).access_token);
  else if (response.status === 401) held = null;
}

/** By its own claims, so that the clocks of browser and server need not agree. */
function lifetimeMs(token: string): number {
  const claims = JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as {
    iat: number;
    exp: number;
  };
  return (claims.exp - claims.iat) * 1_000;
}
