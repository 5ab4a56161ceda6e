import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { hashJoinToken } from "./token.ts";
import { type JoinTokenRow, TOKEN_COLUMNS } from "./view-token.ts";

export interface KnownToken extends JoinTokenRow {
  public_url: string;
  /** The admin who made it, in whose name a machine joins. */
  user_id: number;
}

const AGAIN = "Make another one in Berth, and paste its line.";

/** A token that is open. NOT_FOUND where it is none, GONE where it was one, FORBIDDEN where its admin is none any more. */
export async function findOpenToken(sql: Sql, token: string): Promise<KnownToken> {
  const known = await findToken(sql, token);
  if (known.state === "used") throw new DomainError("GONE", `This join token has been used already. ${AGAIN}`);
  return known;
}

/**
 * A token that is open, or was used and is still young: who used it may ask again. `lock` keeps it as it is until the
 * transaction ends. Throws as {@link findOpenToken} does.
 */
export async function findToken(sql: Sql, token: string, lock: "" | "FOR UPDATE OF t" = ""): Promise<KnownToken> {
  const [row] = await sql<KnownToken & { is_admin: boolean; is_past: boolean }>(
    `SELECT ${TOKEN_COLUMNS}, t.public_url, u.user_id, t.expires_at <= now() AS is_past,
            u.role = 'admin' AND u.disabled_at IS NULL AND u.deleted_at IS NULL AS is_admin
     FROM join_tokens t JOIN users u ON u.user_id = t.created_by WHERE t.token_hash = $1 ${lock}`,
    [hashJoinToken(token)],
  );
  if (!row) throw new DomainError("NOT_FOUND", `Berth does not know this join token. ${AGAIN}`);
  const { is_admin, is_past, ...known } = row;
  if (known.state === "revoked") throw new DomainError("GONE", `This join token was revoked. ${AGAIN}`);
  if (is_past) throw new DomainError("GONE", `The time of this join token is over. ${AGAIN}`);
  if (!is_admin) throw new DomainError("FORBIDDEN", `Who made this join token is no admin any more. ${AGAIN}`);
  return known;
}
