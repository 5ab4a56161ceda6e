import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { transact } from "../transact.ts";
import { readRefreshToken } from "./refresh-token.ts";

/** Ends this browser's session, if it has one, and has it forget its cookies. A program only forgets its token. */
export async function logout(ctx: ApiContext): Promise<void> {
  const session_id = sessionOf(ctx);
  if (session_id !== null) {
    await transact(ctx.db, async (tx) => {
      const session = await tx.sessions.findUnique({ where: { session_id }, include: { user: true } });
      if (!session) return;
      await tx.sessions.deleteMany({ where: { session_id } });
      const { user } = session;
      await recordAudit(tx, { ...ctx, actor: user }, { action: "sign out", noun: "user", object_id: user.user_id });
    });
  }
  ctx.cookies?.forget();
}

function sessionOf({ actor, box, cookies }: ApiContext): string | null {
  const token = cookies?.refresh_token ?? null;
  const sent = token === null ? null : readRefreshToken(box, token);
  if (sent) return sent.session_id;
  return actor?.credential.kind === "session" ? actor.credential.session_id : null;
}
