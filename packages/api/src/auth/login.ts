import { DomainError } from "@berth/spec/error-code.ts";
import type { Credentials } from "@berth/spec/user.ts";
import type { ApiContext } from "../context.ts";
import { issueToken } from "./access-token.ts";
import { countAttempt, forgiveAttempt } from "./login-throttle.ts";
import { isPassword } from "./password.ts";

/**
 * An access token for the account. NOT_FOUND for no such user, UNAUTHORIZED for a wrong password, FORBIDDEN for a
 * disabled user who gave the right one, TOO_MANY_REQUESTS for one who guesses.
 */
export async function login(ctx: ApiContext, { account, password }: Credentials): Promise<{ access_token: string }> {
  const attempt = await countAttempt(ctx.sql, { kind: "login", address: ctx.address, account });
  const user = await ctx.db.users.findUnique({ where: { account } });
  if (!user) throw new DomainError("NOT_FOUND", `There is no user ${account}.`);
  if (!(await isPassword(user.password, password))) throw new DomainError("UNAUTHORIZED", "The password is wrong.");
  await forgiveAttempt(ctx.sql, attempt);
  if (user.disabled_at) throw new DomainError("FORBIDDEN", "This account is disabled: ask an admin.");
  return { access_token: await issueToken(ctx, "access", user) };
}
