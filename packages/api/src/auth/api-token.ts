import { createHash, randomBytes } from "node:crypto";
import type { Sql } from "@berth/db/sql.ts";
import type { TokenScope } from "@berth/spec/api-token.ts";
import type { Actor, Person } from "../context.ts";
import { USABLE } from "./credential.ts";

/** So that a token that leaks is recognised, by people and by tools that look for secrets. */
const PREFIX = "berth_";

export const newApiToken = (): string => PREFIX + randomBytes(32).toString("base64url");

export const isApiToken = (token: string): boolean => token.startsWith(PREFIX);

/** 256 random bits need no slow hash. */
export const hashApiToken = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(token, "utf8").digest());

interface Found extends Person {
  token_id: number;
  scope: TokenScope;
  isUseTold: boolean;
}

/** Whose token it is, or null where it is none, has expired or was ended. Notes its use, to the minute. */
export async function findApiToken(sql: Sql, token: string): Promise<Actor | null> {
  const [found] = await sql<Found>(
    `SELECT u.user_id, u.account, u.role, t.token_id, t.scope,
            COALESCE(t.last_used_at > now() - interval '1 minute', false) AS "isUseTold"
     FROM api_tokens t JOIN users u USING (user_id)
     WHERE t.token_hash = $1 AND t.token_epoch = u.token_epoch AND t.expires_at > now() AND ${USABLE}`,
    [hashApiToken(token)],
  );
  if (!found) return null;
  const { token_id, isUseTold, ...actor } = found;
  if (!isUseTold) await sql("UPDATE api_tokens SET last_used_at = now() WHERE token_id = $1", [token_id]);
  return { ...actor, credential: { kind: "api_token", token_id } };
}
