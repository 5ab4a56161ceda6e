import type { Sql } from "@berth/db/sql.ts";
import type { ApiContext } from "../context.ts";
import { issueToken } from "./access-token.ts";
import { type RefreshClaims, readRefreshToken, refreshTokenOf } from "./refresh-token.ts";

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

/**
 * A session for a browser, in the transaction that signs its user in, instead of the one that it has; a program has none,
 * hence null.
 */
export async function openSession(sql: Sql, ctx: ApiContext, user: SignedIn): Promise<RefreshClaims | null> {
  if (ctx.cookies === null) return null;
  const before = ctx.cookies.refresh_token && readRefreshToken(ctx.box, ctx.cookies.refresh_token);
  if (before) await sql("DELETE FROM sessions WHERE session_id = $1::uuid", [before.session_id]);
  await sql(
    `DELETE FROM sessions WHERE session_id IN
       (SELECT session_id FROM sessions WHERE user_id = $1 ORDER BY rotated_at DESC, session_id OFFSET $2)`,
    [user.user_id, MAX_SESSIONS - 1],
  );
  const [session] = await sql<RefreshClaims>(
    `INSERT INTO sessions (user_id, token_epoch, expires_at, address)
     VALUES ($1, $2, now() + ${SESSION_LIFETIME}, $3) RETURNING session_id, counter`,
    [user.user_id, user.token_epoch, ctx.address],
  );
  return session ?? null;
}

/**
 * The access token of who has signed in, once that is committed. A browser's ends with its session, and it is given that
 * session's cookies along with it.
 */
export async function handOver(ctx: ApiContext, user: SignedIn, session: RefreshClaims | null): Promise<string> {
  if (!session) return issueToken(ctx, "access", user);
  const claims = { ...user, session_id: session.session_id };
  const session_token = await issueToken(ctx, "session", claims);
  ctx.cookies?.keep({ refresh_token: refreshTokenOf(ctx.box, session), session_token });
  return issueToken(ctx, "access", claims);
}
