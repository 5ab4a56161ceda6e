import { JoinCheck, type JoinToken } from "@berth/spec/join-token.ts";
import { z } from "zod";

export interface JoinTokenRow extends Pick<JoinToken, "join_token_id" | "account" | "state" | "machine_id"> {
  expires_at: Date;
  created_at: Date;
  checks: unknown;
  checked_at: Date | null;
}

/** SQL over `t` (join_tokens) and `u` (the user who made it). */
export const TOKEN_COLUMNS = `
  t.join_token_id, u.account, t.machine_id, t.expires_at, t.created_at, t.checks, t.checked_at,
  CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.used_at IS NOT NULL THEN 'used'
       WHEN t.expires_at <= now() THEN 'expired' ELSE 'open' END AS state`;

export const toJoinToken = (row: JoinTokenRow): JoinToken => ({
  join_token_id: row.join_token_id,
  account: row.account,
  state: row.state,
  machine_id: row.machine_id,
  expires_at: row.expires_at.toISOString(),
  created_at: row.created_at.toISOString(),
  checks: z.array(JoinCheck).parse(row.checks),
  checked_at: row.checked_at?.toISOString() ?? null,
});
