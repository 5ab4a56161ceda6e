import type { Sql } from "@berth/db/sql.ts";
import type { Machine, MachineState } from "@berth/spec/machine.ts";
import { hostOf } from "./host.ts";

interface MachineRow extends Omit<Machine, "ip" | "port_range" | "created_at" | "last_list_at" | "state"> {
  url: string;
  state: string;
  port_first: number;
  port_last: number;
  created_at: Date;
  last_list_at: Date | null;
}

/**
 * Machines with all that is shown of them, in one round trip. `where` is SQL over `m` (machines) with `$1`… parameters.
 * JSON columns come as they are stored: the procedure's output schema parses them.
 */
export async function selectMachines(sql: Sql, where: string, parameters: readonly unknown[]): Promise<Machine[]> {
  const rows = await sql<MachineRow>(
    `SELECT m.machine_id, m.name, m.url, m.state, m.simulated, m.url NOT LIKE 'unix:%' AND m.tls IS NULL AS insecure,
            m.is_builder, m.runs_containers, m.port_first, m.port_last, m.created_at,
            COALESCE(s.online, false) AS online, s.engine_version, COALESCE(s.gpus, '[]') AS gpus,
            COALESCE(s.cpus, '[]') AS cpus, s.cores, s.memory, s.disk, COALESCE(s.conditions, '[]') AS conditions,
            s.last_list_at,
            ARRAY(SELECT gpu_uuid FROM gpu_allocations g WHERE g.machine_id = m.machine_id ORDER BY 1) AS gpus_taken,
            (SELECT count(*)::int FROM placements p WHERE p.machine_id = m.machine_id) AS containers
     FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE ${where}`,
    parameters,
  );
  return rows.map(toMachine);
}

const toMachine = ({ url, state, port_first, port_last, created_at, last_list_at, ...row }: MachineRow): Machine => ({
  ...row,
  ip: hostOf(url),
  state: state as MachineState,
  port_range: { first: port_first, last: port_last },
  created_at: created_at.toISOString(),
  last_list_at: last_list_at?.toISOString() ?? null,
});
