import type { Sql } from "@berth/db/sql.ts";
import type { GpuHolding, Machine, MachineState } from "@berth/spec/machine.ts";
import { type Viewer, readHoldings } from "./holdings.ts";
import { hostOf, PUBLIC_HOST } from "./host.ts";
import { type Owners, readOwners, STALE_AFTER, type TelemetryRow, toTelemetry, withFree } from "./telemetry-view.ts";

interface MachineRow
  extends
    Omit<
      Machine,
      "ip" | "url" | "port_range" | "created_at" | "last_list_at" | "state" | "telemetry" | "gpus_taken" | "gpus_held"
    >,
    TelemetryRow {
  memory_free: number | null;
  disk_free: number | null;
  url: string;
  public_host: string | null;
  state: string;
  port_first: number;
  port_last: number;
  created_at: Date;
  last_list_at: Date | null;
}

/**
 * Machines with all that is shown of them. `where` is SQL over `m` (machines) with `$1`… parameters.
 * JSON columns come as they are stored: the procedure's output schema parses them.
 * Only an admin sees processes by their ids.
 */
export async function selectMachines(
  sql: Sql,
  where: string,
  parameters: readonly unknown[],
  viewer: Viewer,
): Promise<Machine[]> {
  const rows = await sql<MachineRow>(
    `SELECT m.machine_id, m.name, m.url, ${PUBLIC_HOST} AS public_host, m.state, m.simulated, m.url NOT LIKE 'unix:%' AND m.url NOT LIKE 'ssh:%' AND m.tls IS NULL AS insecure,
            m.is_builder, m.runs_containers, m.port_first, m.port_last, m.created_at,
            COALESCE(s.online, false) AS online, s.engine_version, COALESCE(s.gpus, '[]') AS gpus,
            COALESCE(s.cpus, '[]') AS cpus, s.cores, s.memory, s.disk, COALESCE(s.conditions, '[]') AS conditions,
            s.last_list_at, t.seen_at, t.seen_at < now() - interval '${STALE_AFTER}' AS is_stale, t.memory_free, t.disk_free, t.reading,
            COALESCE(s.foreign_gpus, '{}') AS gpus_foreign, m.shared_gpus,
            (SELECT count(*)::int FROM waiting_line w WHERE w.machine_id = m.machine_id) AS waiting,
            (SELECT count(*)::int FROM placements p WHERE p.machine_id = m.machine_id) AS containers
     FROM machines m LEFT JOIN machine_status s USING (machine_id) LEFT JOIN machine_telemetry t USING (machine_id)
     WHERE ${where}`,
    parameters,
  );
  const owners = await readOwners(sql, rows);
  const holdings = await readHoldings(
    sql,
    rows.map(({ machine_id }) => machine_id),
    viewer,
  );
  const isAdmin = viewer.role === "admin";
  return rows.map((row) => toMachine(row, owners, holdings.get(row.machine_id) ?? [], isAdmin));
}

function toMachine(all: MachineRow, owners: Owners, held: GpuHolding[], isAdmin: boolean): Machine {
  const { url, public_host, state, port_first, port_last, created_at, last_list_at, ...rest } = all;
  const { seen_at, is_stale, memory_free, disk_free, reading, ...row } = rest;
  return {
    ...row,
    gpus_taken: [...new Set(held.map(({ uuid }) => uuid))],
    gpus_held: held,
    memory: withFree(row.memory, is_stale, memory_free),
    disk: withFree(row.disk, is_stale, disk_free),
    telemetry: toTelemetry({ seen_at, is_stale, reading }, owners, isAdmin),
    ip: hostOf(url, public_host),
    url: isAdmin ? url : null,
    state: state as MachineState,
    port_range: { first: port_first, last: port_last },
    created_at: created_at.toISOString(),
    last_list_at: last_list_at?.toISOString() ?? null,
  };
}
