import type { Sql } from "@berth/db/sql.ts";
import type { TokenScope } from "@berth/spec/api-token.ts";
import type { Actor, Credential, Person } from "../context.ts";

interface Found extends Person {
  scope: TokenScope;
}

/** SQL over `u` (users): has an account that may be used. */
export const USABLE = "u.disabled_at IS NULL AND u.deleted_at IS NULL";

/** Who this credential speaks for now, or null where it has ended: a socket asks again what its request was asked. */
export async function actorOf(sql: Sql, userId: number, credential: Credential): Promise<Actor | null> {
  const [found] = await lookUp(sql, userId, credential);
  return found ? { ...found, credential } : null;
}

function lookUp(sql: Sql, userId: number, credential: Credential): Promise<Found[]> {
  switch (credential.kind) {
    case "access_token":
      if (credential.expires_at.getTime() <= Date.now()) return Promise.resolve([]);
      return sql<Found>(
        `SELECT u.user_id, u.account, u.role, 'write' AS scope FROM users u
         WHERE u.user_id = $1 AND u.token_epoch = $2 AND ${USABLE}`,
        [userId, credential.token_epoch],
      );
    case "session":
      return sql<Found>(
        `SELECT u.user_id, u.account, u.role, 'write' AS scope FROM sessions s JOIN users u USING (user_id)
         WHERE s.session_id = $2::uuid AND u.user_id = $1 AND s.token_epoch = u.token_epoch AND s.expires_at > now()
           AND ${USABLE}`,
        [userId, credential.session_id],
      );
    case "api_token":
      return sql<Found>(
        `SELECT u.user_id, u.account, u.role, t.scope FROM api_tokens t JOIN users u USING (user_id)
         WHERE t.token_id = $2 AND u.user_id = $1 AND t.token_epoch = u.token_epoch AND t.expires_at > now()
           AND ${USABLE}`,
        [userId, credential.token_id],
      );
    case "ssh_key":
      return sql<Found>(
        `SELECT u.user_id, u.account, u.role, 'write' AS scope FROM users u
         WHERE u.user_id = $1 AND ${USABLE} AND EXISTS (
           SELECT 1 FROM unnest(u.ssh_public_keys) k
           WHERE encode(sha256(decode(split_part(k, ' ', 2), 'base64')), 'hex') = $2)`,
        [userId, credential.key_id],
      );
  }
}
