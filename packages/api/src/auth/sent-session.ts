import type { ApiContext } from "../context.ts";
import { hashPageKey } from "./page-key.ts";
import { type RefreshClaims, readRefreshToken } from "./refresh-token.ts";

/** Look it up by both: whoever has the cookie without the page's key neither learns nor changes anything by it. */
export interface SentSession extends RefreshClaims {
  page_key_hash: Uint8Array<ArrayBuffer>;
}

/** The session that a browser says it has; null where it sent no cookie of ours, or no page key along with it. */
export function sentSession({ box, cookies }: Pick<ApiContext, "box" | "cookies">): SentSession | null {
  if (!cookies || cookies.refresh_token === null || cookies.page_key === null) return null;
  const claims = readRefreshToken(box, cookies.refresh_token);
  return claims && { ...claims, page_key_hash: hashPageKey(cookies.page_key) };
}
