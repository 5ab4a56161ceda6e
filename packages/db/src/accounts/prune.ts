import type { Sql } from "../sql.ts";

/** What ended, and for how long it is still shown to people or needed. SQL. */
const OLD = {
  sessions: "expires_at < now()",
  api_tokens: "expires_at < now() - interval '30 days'",
  invitations: "expires_at < now() - interval '30 days' OR (uses_left = 0 AND created_at < now() - interval '30 days')",
  join_tokens: "expires_at < now() - interval '30 days'",
  attempts: "at < now() - interval '1 hour'",
  proxy_codes: "expires_at < now()",
  proxy_sessions: "expires_at < now()",
  idempotency_keys: "created_at < now() - interval '24 hours'",
} as const;

export type PrunedAccounts = Record<keyof typeof OLD, number>;

/** Deletes what is past of accounts and their doors; returns how many rows of each table. */
export async function pruneAccounts(sql: Sql): Promise<PrunedAccounts> {
  const pruned = Object.fromEntries(Object.keys(OLD).map((table) => [table, 0])) as PrunedAccounts;
  for (const [table, isOld] of Object.entries(OLD)) {
    const [row] = await sql<{ count: number }>(
      `WITH pruned AS (DELETE FROM ${table} WHERE ${isOld} RETURNING 1) SELECT count(*)::int AS count FROM pruned`,
    );
    pruned[table as keyof PrunedAccounts] = row?.count ?? 0;
  }
  return pruned;
}
