import type { Sql } from "@berth/db/sql.ts";
import { vi } from "vitest";

/** Until statements of so many other connections wait for a lock: by then they have seen what was committed before. */
export async function untilSomeoneWaits(sql: Sql, atLeast = 1): Promise<void> {
  await vi.waitUntil(
    async () => {
      const waiting = await sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting.length >= atLeast;
    },
    { timeout: 15_000, interval: 10 },
  );
}
