import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { transact } from "../transact.ts";
import { sentSession } from "./sent-session.ts";

/**
 * Ends this browser's session, if it has one, and has it forget its cookie. It is known by cookie and page key together, or
 * by its access token. A program only forgets its token.
 */
export async function logout(ctx: ApiContext): Promise<void> {
  const where = sessionOf(ctx);
  if (where) {
    await transact(ctx.db, async (tx) => {
      const session = await tx.sessions.findUnique({ where, include: { user: true } });
      if (!session) return;
      await tx.sessions.deleteMany({ where });
      const { user } = session;
      await recordAudit(tx, { ...ctx, actor: user }, { action: "sign out", noun: "user", object_id: user.user_id });
    });
  }
  ctx.cookies?.forget();
}

function sessionOf(ctx: ApiContext): { session_id: string; page_key_hash?: Uint8Array<ArrayBuffer> } | null {
  const sent = sentSession(ctx);
  if (sent) return { session_id: sent.session_id, page_key_hash: sent.page_key_hash };
  const credential = ctx.actor?.credential;
  return credential?.kind === "session" ? { session_id: credential.session_id } : null;
}
