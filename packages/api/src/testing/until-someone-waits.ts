import type { Sql } from "@berth/db/sql.ts";
import { vi } from "vitest";

/** Until a statement of another connection waits for a lock: by then it has seen what was committed before. */
export async function untilSomeoneWaits(sql: Sql): Promise<void> {
  await vi.waitUntil(
    async () => {
      const waiting = await sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting.length > 0;
    },
    { timeout: 15_000, interval: 10 },
  );
}
