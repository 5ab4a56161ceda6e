import { pageKey } from "./page-key.ts";

/** Renewed so long before its end that no call is on its way with a token that has ended. */
const RENEW_BEFORE_MS = 60_000;

interface Held {
  token: string;
  renewAt: number;
}

/** In memory only: a page that is loaded again gets another one for its key and the refresh cookie, which no script can read. */
let held: Held | null = null;
/** A session of an earlier page may go on: nobody could say yet. */
let isUnknown = false;
let renewal: Promise<void> | null = null;
/** Whose data this page has shown; it outlives their session, and not their sign-out. */
let shownTo: number | null = null;
/** A server that has not answered by then is away. */
const ANSWER_MS = 10_000;

export const session = {
  /** Never resolves where the page is left for another person's: nothing of them may come into this one. */
  async begin(token: string): Promise<void> {
    const { iat, exp, user_id } = claimsOf(token);
    // What the page holds is somebody else's: nothing of it may stay.
    if (shownTo !== null && shownTo !== user_id) {
      location.replace("/");
      await new Promise<never>(() => {});
    }
    isUnknown = false;
    // By its own claims, so that the clocks of browser and server need not agree.
    held = { token, renewAt: Date.now() + (exp - iat) * 1_000 - RENEW_BEFORE_MS };
    shownTo = user_id;
  },

  /** True where this browser is still signed in, from an earlier page, or may be: the server was away when it was asked. */
  async resume(): Promise<boolean> {
    await renew().catch(() => undefined);
    return held !== null || isUnknown;
  },

  /** For the next call; null where nobody is signed in. Throws where the server is away that would know. */
  async token(): Promise<string | null> {
    if (isUnknown || (held && held.renewAt <= Date.now())) await renew();
    return held?.token ?? null;
  },

  /** It was ended elsewhere. */
  drop(): void {
    held = null;
    isUnknown = false;
    shownTo = null;
  },

  /** Where the server is away the session stays, and ends by its age. */
  async end(): Promise<void> {
    session.drop();
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
  isUnknown = headers !== null && held === null;
  if (!headers) {
    held = null;
    return;
  }
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch("/api/auth/refresh", { method: "POST", headers, signal });
  if (response.ok) await session.begin(((await response.json()) as { access_token: string }).access_token);
  else if (response.status === 401) [held, isUnknown] = [null, false];
  else if (isUnknown) throw new Error(`the server can't answer now (${response.status})`);
}

function claimsOf(token: string): { iat: number; exp: number; user_id: number } {
  return JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as ReturnType<
    typeof claimsOf
  >;
}
