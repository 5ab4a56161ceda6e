import type { Sql } from "@berth/db/sql.ts";
import type { LockedContainer } from "./lock.ts";

/** Its work is done: it holds no GPUs before it is started again, and on another machine it would begin anew. */
export async function hasCompleted(sql: Sql, { container_id }: LockedContainer): Promise<boolean> {
  const rows = await sql(
    "SELECT 1 FROM containers c JOIN container_status s USING (container_id) WHERE container_id = $1 AND s.completed_run >= c.run",
    [container_id],
  );
  return rows.length === 1;
}
