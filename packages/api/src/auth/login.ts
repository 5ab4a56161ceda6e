import type { Tx } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Credentials } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { transact } from "../transact.ts";
import { countAttempt, decideAttempt } from "./login-throttle.ts";
import { isPassword } from "./password.ts";
import { type BrowserSession, handOver, openSession } from "./sign-in.ts";

/**
 * An access token for the account; a browser gets a session with its cookie and page key, too. NOT_FOUND for no such user,
 * UNAUTHORIZED for a wrong password, FORBIDDEN for a disabled user who gave the right one, TOO_MANY_REQUESTS for one who
 * guesses.
 */
export async function login(ctx: ApiContext, { account, password }: Credentials): Promise<{ access_token: string }> {
  const attempt = await countAttempt(ctx.sql, { kind: "login", address: ctx.address, account });
  const user = await ctx.db.users.findUnique({ where: { account, deleted_at: null } });
  const isRight = user !== null && (await isPassword(user.password, password));
  await decideAttempt(ctx.sql, attempt, isRight);
  if (!user) throw new DomainError("NOT_FOUND", `There is no user ${account}.`);
  if (!isRight) throw new DomainError("UNAUTHORIZED", "The password is wrong.");
  if (user.disabled_at) throw new DomainError("FORBIDDEN", "This account is disabled: ask an admin.");
  const signIn = async (tx: Tx): Promise<BrowserSession | null> => {
    await recordAudit(tx, { ...ctx, actor: user }, { action: "sign in", noun: "user", object_id: user.user_id });
    return openSession(prismaSql(tx), ctx, user);
  };
  // A program has no session: what is left is one row, which is a transaction by itself.
  const session = await (ctx.cookies === null ? signIn(ctx.db) : transact(ctx.db, signIn));
  return { access_token: await handOver(ctx, user, session) };
}
