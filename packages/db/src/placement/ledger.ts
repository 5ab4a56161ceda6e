import type { PortRange } from "@berth/spec/machine.ts";
import type { Gpu } from "@berth/spec/machine.ts";
import type { Sql } from "../sql.ts";

/** Which GPUs of which machine a container asks for. */
export interface GpuAsk {
  container_id: number;
  /** Null lets Berth choose. */
  machine_id: string | null;
  /** Only these may serve it, for what else it needs; null is any machine. */
  machine_ids: readonly string[] | null;
  gpu_count: number;
  gpu_type: string | null;
  /** These very ones, which also settles the machine; null lets Berth choose. */
  gpu_uuids: readonly string[] | null;
  /** Cores that it may use at most; an engine refuses more than its machine has. Null is no limit. */
  cpus: number | null;
  /** It is on `machine_id` already, and stays there whatever an admin makes of that machine. */
  isPlaced: boolean;
}

/** One machine as claims see it. */
export interface LedgerMachine {
  machine_id: string;
  name: string;
  state: "active" | "cordoned" | "decommissioned";
  runs_containers: boolean;
  online: boolean;
  /** Null where that is not known yet. */
  cores: number | null;
  ports: PortRange;
  gpus: Gpu[];
  /** Who holds each GPU now, by uuid. */
  holders: Map<string, number[]>;
  /** GPUs that processes outside Berth use. */
  foreign: Set<string>;
  /** How many may hold a GPU at once, where that is more than one. */
  shares: Map<string, number>;
  containers: number;
}

interface Row extends Pick<
  LedgerMachine,
  "machine_id" | "name" | "state" | "runs_containers" | "online" | "cores" | "gpus" | "containers"
> {
  port_first: number;
  port_last: number;
  held: { uuid: string; container_id: number }[];
  foreign_gpus: string[];
  shared_gpus: Record<string, number>;
}

/** Every machine, or the one that is named, by its id. */
export async function loadLedger(sql: Sql, machineId: string | null): Promise<LedgerMachine[]> {
  const rows = await sql<Row>(
    `SELECT m.machine_id, m.name, m.state, m.runs_containers, m.port_first, m.port_last, m.shared_gpus,
            COALESCE(s.online, false) AS online, s.cores, COALESCE(s.gpus, '[]') AS gpus,
            COALESCE(s.foreign_gpus, '{}') AS foreign_gpus,
            COALESCE((SELECT jsonb_agg(jsonb_build_object('uuid', g.gpu_uuid, 'container_id', g.container_id))
                      FROM gpu_allocations g WHERE g.machine_id = m.machine_id), '[]') AS held,
            (SELECT count(*)::int FROM placements p WHERE p.machine_id = m.machine_id) AS containers
     FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE $1::text IS NULL OR m.machine_id = $1
     ORDER BY m.machine_id`,
    [machineId],
  );
  return rows.map(({ port_first, port_last, held, foreign_gpus, shared_gpus, ...row }) => ({
    ...row,
    ports: { first: port_first, last: port_last },
    holders: holdersOf(held),
    foreign: new Set(foreign_gpus),
    shares: new Map(Object.entries(shared_gpus)),
  }));
}

function holdersOf(held: Row["held"]): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const { uuid, container_id } of held) holders.set(uuid, [...(holders.get(uuid) ?? []), container_id]);
  return holders;
}
