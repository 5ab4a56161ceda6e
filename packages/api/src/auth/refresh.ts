import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { transact } from "../transact.ts";
import { USABLE } from "./credential.ts";
import type { RefreshClaims } from "./refresh-token.ts";
import { type SentSession, sentSession } from "./sent-session.ts";
import { handOver, SESSION_LIFETIME } from "./sign-in.ts";

/** In this time a token that was used may come again: from a second tab, or since the answer was lost. SQL. */
const GRACE = "interval '20 seconds'";

interface Session extends RefreshClaims {
  user_id: number;
  account: string;
  token_epoch: number;
  isJustRotated: boolean;
}

/**
 * Another access token for a browser that comes with its refresh cookie, which is exchanged for a new one, and its page's
 * key. A token that was exchanged before is in two hands: its session ends. UNAUTHORIZED where there is no session any
 * more, and just so for the cookie without the right key. The cookie stays: a sign-in in another tab may have set it a
 * moment before that tab wrote down its key.
 */
export async function refresh(ctx: ApiContext): Promise<{ access_token: string }> {
  const sent = sentSession(ctx);
  const session = sent && (await exchange(ctx, sent));
  if (session) return { access_token: await handOver(ctx, session, { ...session, page_key: null }) };
  throw new DomainError("UNAUTHORIZED", "Sign in: this browser has no session, or it has ended.");
}

const exchange = (ctx: ApiContext, sent: SentSession): Promise<Session | null> =>
  transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    const [session] = await sql<Session>(
      `SELECT s.session_id, s.counter, s.rotated_at > now() - ${GRACE} AS "isJustRotated",
              u.user_id, u.account, u.token_epoch
       FROM sessions s JOIN users u USING (user_id)
       WHERE s.session_id = $1::uuid AND s.page_key_hash = $2 AND s.token_epoch = u.token_epoch AND s.expires_at > now()
         AND ${USABLE}
       FOR UPDATE OF s`,
      [sent.session_id, sent.page_key_hash],
    );
    if (!session) return null;
    if (sent.counter === session.counter) {
      const counter = session.counter + 1;
      await sql(
        `UPDATE sessions SET counter = $2, rotated_at = now(), expires_at = now() + ${SESSION_LIFETIME}
         WHERE session_id = $1::uuid`,
        [session.session_id, counter],
      );
      return { ...session, counter };
    }
    if (sent.counter === session.counter - 1 && session.isJustRotated) return session;
    await sql("DELETE FROM sessions WHERE session_id = $1::uuid", [session.session_id]);
    const details = { cause: "an old refresh token was used again" };
    await recordAudit(
      tx,
      { ...ctx, actor: session },
      { action: "end session", noun: "user", object_id: session.user_id, details },
    );
    return null;
  });
