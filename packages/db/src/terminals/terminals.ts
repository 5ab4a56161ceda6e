import type { Sql } from "../sql.ts";

/** An open terminal, as the server that opened it records it before its command is started. */
export interface TerminalRow {
  terminal_id: string;
  container_id: number;
  user_id: number;
  machine_id: string;
  /** Of the container on its engine. */
  engine_id: string;
  server_id: string;
}

/** One whose server does not renew it any more. */
export type StaleTerminal = Pick<TerminalRow, "terminal_id" | "machine_id" | "engine_id">;

/** How long a row is its server's without being renewed. */
export const TERMINAL_STALE_S = 60;

export async function recordTerminal(sql: Sql, row: TerminalRow): Promise<void> {
  await sql(
    `INSERT INTO terminals (terminal_id, container_id, user_id, machine_id, engine_id, server_id, opened_at, renewed_at)
     VALUES ($1::uuid, $2, $3, $4, $5, $6::uuid, clock_timestamp(), clock_timestamp())`,
    [row.terminal_id, row.container_id, row.user_id, row.machine_id, row.engine_id, row.server_id],
  );
}

/** Those of `terminalIds` that this server still has: any other was taken for dead, and hung up by another server. */
export async function renewTerminals(sql: Sql, serverId: string, terminalIds: readonly string[]): Promise<Set<string>> {
  const rows = await sql<{ terminal_id: string }>(
    `UPDATE terminals SET renewed_at = clock_timestamp()
     WHERE server_id = $1::uuid AND terminal_id = ANY($2::uuid[]) RETURNING terminal_id`,
    [serverId, terminalIds],
  );
  return new Set(rows.map((row) => row.terminal_id));
}

/** After its command has ended, or where there can't be one any more. */
export async function forgetTerminal(sql: Sql, terminalId: string): Promise<void> {
  await sql("DELETE FROM terminals WHERE terminal_id = $1::uuid", [terminalId]);
}

/**
 * Rows that nobody has renewed in time, each given to one caller only. It is stale again when it was not forgotten
 * within {@link TERMINAL_STALE_S}: a machine that is away is asked again later. No row stays another's to renew.
 */
export function takeStaleTerminals(sql: Sql, takerId: string, limit: number): Promise<StaleTerminal[]> {
  return sql<StaleTerminal>(
    `UPDATE terminals SET renewed_at = clock_timestamp(), server_id = $1::uuid
     WHERE terminal_id IN (
       SELECT terminal_id FROM terminals WHERE renewed_at < clock_timestamp() - $2 * interval '1 second'
       ORDER BY renewed_at LIMIT $3 FOR UPDATE SKIP LOCKED
     ) RETURNING terminal_id, machine_id, engine_id`,
    [takerId, TERMINAL_STALE_S, limit],
  );
}

/** Whether this user has this terminal on some server. */
export async function isTerminalOf(sql: Sql, userId: number, terminalId: string): Promise<boolean> {
  const rows = await sql("SELECT 1 FROM terminals WHERE terminal_id = $1::uuid AND user_id = $2", [terminalId, userId]);
  return rows.length > 0;
}
