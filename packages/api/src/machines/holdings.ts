import type { Sql } from "@berth/db/sql.ts";
import type { GpuHolding } from "@berth/spec/machine.ts";
import type { Actor } from "../context.ts";

/** Null where nobody in particular asks: what is not everybody's to see is left out. */
export interface Viewer {
  role: Actor["role"];
  user_id: number | null;
}

interface HoldingRow extends Omit<GpuHolding, "since" | "container_id"> {
  machine_id: string;
  container_id: number;
  user_id: number;
  since: Date;
}

/** Who holds which GPU of these machines, by machine, in the order of the uuids. */
export async function readHoldings(
  sql: Sql,
  machineIds: readonly string[],
  viewer: Viewer,
): Promise<Map<string, GpuHolding[]>> {
  const rows = await sql<HoldingRow>(
    `SELECT g.machine_id, g.gpu_uuid AS uuid, g.container_id, c.name, c.user_id, u.account, g.since
     FROM gpu_allocations g JOIN containers c USING (container_id) JOIN users u USING (user_id)
     WHERE g.machine_id = ANY ($1::text[]) ORDER BY g.gpu_uuid, g.since, g.slot`,
    [machineIds],
  );
  const holdings = new Map<string, GpuHolding[]>();
  for (const { machine_id, uuid, container_id, name, user_id, account, since } of rows) {
    const mayOpen = viewer.role === "admin" || viewer.user_id === user_id;
    const shown = mayOpen ? { container_id, name } : { container_id: null, name: null };
    const holding = { uuid, ...shown, account, since: since.toISOString() };
    const here = holdings.get(machine_id);
    if (here) here.push(holding);
    else holdings.set(machine_id, [holding]);
  }
  return holdings;
}
