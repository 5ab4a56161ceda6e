import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { PasswordHash, type Role } from "@berth/spec/user.ts";
import { findApiToken, isApiToken } from "../auth/api-token.ts";
import { USABLE } from "../auth/credential.ts";
import { countAttempt, decideAttempt } from "../auth/login-throttle.ts";
import { hashAsClient, isPassword } from "../auth/password.ts";

/** As a Docker client sends them. Nothing ever returns or logs the secret. */
export interface RegistryCredentials {
  /** Null where the secret alone says who it is. */
  account: string | null;
  /** The plain password, or an API token. */
  secret: string;
}

export interface RegistryUser {
  user_id: number;
  account: string;
  role: Role;
  /** False for an API token of scope `read`. */
  mayWrite: boolean;
}

/**
 * Whoever may use the registry with these. UNAUTHORIZED where they are wrong, or of nobody who may sign in: which of them
 * is not told. Guessing counts as it does at a sign-in, and together with it: TOO_MANY_REQUESTS.
 */
export async function signInToRegistry(
  sql: Sql,
  address: string | null,
  { account, secret }: RegistryCredentials,
): Promise<RegistryUser> {
  const attempt = await countAttempt(sql, { kind: "login", address, account: account ?? "" });
  const user = await (isApiToken(secret) ? byApiToken(sql, account, secret) : byPassword(sql, account, secret));
  await decideAttempt(sql, attempt, user !== null);
  if (!user) throw new DomainError("UNAUTHORIZED", "The account, or its password or API token, is wrong.");
  return user;
}

async function byApiToken(sql: Sql, account: string | null, token: string): Promise<RegistryUser | null> {
  const actor = await findApiToken(sql, token);
  if (!actor || (account !== null && actor.account !== account)) return null;
  return { user_id: actor.user_id, account: actor.account, role: actor.role, mayWrite: actor.scope === "write" };
}

async function byPassword(sql: Sql, account: string | null, plain: string): Promise<RegistryUser | null> {
  const [user] = await sql<Omit<RegistryUser, "mayWrite"> & { password: string }>(
    `SELECT u.user_id, u.account, u.role, u.password FROM users u WHERE u.account = $1 AND ${USABLE}`,
    [account],
  );
  if (!user) return null;
  const { password, ...person } = user;
  // The console's hash first. A program may have set another: what it sends then is the password as it knows it.
  const isRight =
    (await isPassword(password, hashAsClient(plain))) ||
    (PasswordHash.safeParse(plain).success && (await isPassword(password, plain)));
  return isRight ? { ...person, mayWrite: true } : null;
}
