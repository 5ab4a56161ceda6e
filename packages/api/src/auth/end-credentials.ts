import type { Sql } from "@berth/db/sql.ts";

/**
 * Ends the sessions and API tokens of a user whose epoch was counted up. The epoch alone has ended them already: this is
 * for lists, and so that the names of tokens are free.
 */
export async function endCredentials(sql: Sql, userId: number): Promise<void> {
  await sql("DELETE FROM sessions WHERE user_id = $1", [userId]);
  await sql("DELETE FROM api_tokens WHERE user_id = $1", [userId]);
}
