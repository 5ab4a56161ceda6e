import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Actor } from "../context.ts";
import { type TokenKeys, readToken } from "./access-token.ts";
import { findApiToken, isApiToken } from "./api-token.ts";
import { actorOf } from "./credential.ts";

/**
 * Who the bearer of `token` is now. UNAUTHORIZED where the token is no good, or its user's password, role or account was
 * changed since.
 */
export async function authenticate(keys: TokenKeys & { sql: Sql }, token: string): Promise<Actor> {
  const actor = await (isApiToken(token) ? findApiToken(keys.sql, token) : byJwt(keys, token));
  if (!actor) throw new DomainError("UNAUTHORIZED", "Sign in again: the access token is no longer good.");
  return actor;
}

async function byJwt(keys: TokenKeys & { sql: Sql }, token: string): Promise<Actor | null> {
  const claims = await readToken(keys, token);
  if (!claims) return null;
  const { user_id, token_epoch, session_id, expires_at } = claims;
  const actor = await actorOf(
    keys.sql,
    user_id,
    session_id === undefined ? { kind: "access_token", token_epoch, expires_at } : { kind: "session", session_id },
  );
  return actor?.account === claims.account ? actor : null;
}
