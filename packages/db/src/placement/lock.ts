import type { Sql } from "../sql.ts";

/** One at a time decides who holds which GPU and port. Any number that no other advisory lock of Berth uses. */
const PLACEMENT_LOCK = 0x6265_7274;

/** Held to the end of the transaction. Claims are a few indexed statements, so the line is short. */
export const lockPlacement = async (sql: Sql): Promise<void> => {
  await sql("SELECT pg_advisory_xact_lock($1)::text", [PLACEMENT_LOCK]);
};
