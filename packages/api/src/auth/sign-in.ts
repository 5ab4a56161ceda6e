import type { Sql } from "@berth/db/sql.ts";
import type { ApiContext } from "../context.ts";
import { issueToken } from "./access-token.ts";
import { hashPageKey, newPageKey } from "./page-key.ts";
import { type RefreshClaims, refreshTokenOf } from "./refresh-token.ts";
import { sentSession } from "./sent-session.ts";

/** A browser that does not come back for so long is signed out. SQL. */
export const SESSION_LIFETIME = "interval '30 days'";
/** Of one user. Nobody has so many browsers: where there are more, the ones that were unused longest end. */
const MAX_SESSIONS = 50;

/** Who signs in, with the epoch that was read along with what proved it. */
interface SignedIn {
  user_id: number;
  account: string;
  token_epoch: number;
}

export interface BrowserSession extends RefreshClaims {
  /** Null but where it was just opened: only its hash is stored. */
  page_key: string | null;
}

/**
 * A session for a browser, in the transaction that signs its user in, instead of the one that it has; a program has none,
 * hence null.
 */
export async function openSession(sql: Sql, ctx: ApiContext, user: SignedIn): Promise<BrowserSession | null> {
  if (ctx.cookies === null) return null;
  const before = sentSession(ctx);
  if (before) {
    const sent = [before.session_id, before.page_key_hash];
    await sql("DELETE FROM sessions WHERE session_id = $1::uuid AND page_key_hash = $2", sent);
  }
  await sql(
    `DELETE FROM sessions WHERE session_id IN
       (SELECT session_id FROM sessions WHERE user_id = $1 ORDER BY rotated_at DESC, session_id OFFSET $2)`,
    [user.user_id, MAX_SESSIONS - 1],
  );
  const page_key = newPageKey();
  const [session] = await sql<RefreshClaims>(
    `INSERT INTO sessions (user_id, token_epoch, expires_at, address, page_key_hash)
     VALUES ($1, $2, now() + ${SESSION_LIFETIME}, $3, $4) RETURNING session_id, counter`,
    [user.user_id, user.token_epoch, ctx.address, hashPageKey(page_key)],
  );
  return session ? { ...session, page_key } : null;
}

/**
 * The access token of who has signed in, once that is committed. A browser's ends with its session, and it is given that
 * session's cookie and page key along with it.
 */
export async function handOver(ctx: ApiContext, user: SignedIn, session: BrowserSession | null): Promise<string> {
  if (!session) return issueToken(ctx, user);
  const { session_id, page_key } = session;
  ctx.cookies?.keep({ refresh_token: refreshTokenOf(ctx.box, session), page_key });
  return issueToken(ctx, { ...user, session_id });
}
