import { DomainError } from "@berth/spec/error-code.ts";
import type { Credentials } from "@berth/spec/user.ts";
import type { ApiContext } from "../context.ts";
import { issueAccessToken } from "./access-token.ts";
import { isPassword } from "./password.ts";

/**
 * An access token for the account. NOT_FOUND for no such user, UNAUTHORIZED for a wrong password, FORBIDDEN for a
 * disabled user who gave the right one, TOO_MANY_REQUESTS for one who guesses.
 */
export async function login(ctx: ApiContext, { account, password }: Credentials): Promise<{ access_token: string }> {
  ctx.throttle.countAttempt(ctx.address, account);
  const user = await ctx.db.users.findUnique({ where: { account } });
  if (!user) throw new DomainError("NOT_FOUND", `There is no user ${account}.`);
  if (!(await isPassword(user.password, password))) throw new DomainError("UNAUTHORIZED", "The password is wrong.");
  ctx.throttle.forgiveAttempt(ctx.address, account);
  if (user.disabled_at) throw new DomainError("FORBIDDEN", "This account is disabled: ask an admin.");
  return { access_token: await issueAccessToken(ctx, user) };
}
