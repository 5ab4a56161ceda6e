import type { Db } from "@berth/db/client.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { Role } from "@berth/spec/user.ts";
import type { Actor } from "../context.ts";
import { type TokenKeys, readAccessToken } from "./access-token.ts";

/**
 * Who the bearer of `token` is now. UNAUTHORIZED where the token is no good, or its user's password, role or account was
 * changed since: every token that was issued before carries an older epoch.
 */
export async function authenticate(keys: TokenKeys & { db: Db }, token: string): Promise<Actor> {
  const claims = await readAccessToken(keys, token);
  const user = claims && (await keys.db.users.findUnique({ where: { user_id: claims.user_id } }));
  if (!user || user.disabled_at || user.token_epoch !== claims.token_epoch || user.account !== claims.account) {
    throw new DomainError("UNAUTHORIZED", "Sign in again: the access token is no longer good.");
  }
  return { user_id: user.user_id, account: user.account, role: Role.parse(user.role) };
}
