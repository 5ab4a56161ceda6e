import { Condition } from "@berth/spec/condition.ts";
import { Capacity, Cpu } from "@berth/spec/capacity.ts";
import { EngineTls, Gpu, type MachineState } from "@berth/spec/machine.ts";
import { z } from "zod";
import type { SecretBox } from "../secret-box.ts";
import type { Sql } from "../sql.ts";

/** One machine with all that a reconciler needs of it. */
export interface MachineRow {
  machine_id: string;
  name: string;
  url: string;
  tls: EngineTls | null;
  allow_insecure: boolean;
  /** `SHA256:…` that the server must show; null for one that is not reached over ssh. */
  ssh_host_key: string | null;
  simulated: boolean;
  runs_containers: boolean;
  state: MachineState;
  marker_uuid: string;
  shard: number;
  generation: number;
  facts: MachineFacts;
  status: MachineStatusRow;
}

/** What a machine has. MiB. */
export interface MachineFacts {
  cores: number | null;
  /** By index. */
  gpus: Gpu[];
  cpus: Cpu[];
  memory: Capacity | null;
  disk: Capacity | null;
  /** uuids, sorted. */
  foreign_gpus: string[];
  missing_gpus: string[];
  boot_id: string | null;
}

export interface MachineStatusRow {
  online: boolean;
  engine_version: string | null;
  api_version: string | null;
  conditions: Condition[];
  observed_generation: number;
  version: number;
}

interface FlatRow extends Omit<MachineRow, "tls" | "status" | "facts">, Omit<MachineStatusRow, "conditions"> {
  tls: Uint8Array | null;
  facts: unknown;
  conditions: unknown;
}

const QUERY = `
  SELECT m.machine_id, m.name, m.url, m.tls, m.allow_insecure, m.ssh_host_key, m.simulated, m.runs_containers, m.state, m.marker_uuid, m.shard, m.generation,
         s.online, s.engine_version, s.api_version, s.conditions, s.observed_generation, s.version,
         jsonb_build_object('cores', s.cores, 'gpus', s.gpus, 'cpus', s.cpus, 'memory', s.memory, 'disk', s.disk,
           'foreign_gpus', s.foreign_gpus, 'missing_gpus', s.missing_gpus, 'boot_id', s.boot_id) AS facts
  FROM machines m JOIN machine_status s USING (machine_id)`;

const Facts: z.ZodType<MachineFacts> = z.object({
  cores: z.int().nullable(),
  gpus: z.array(Gpu),
  cpus: z.array(Cpu),
  memory: Capacity.nullable(),
  disk: Capacity.nullable(),
  foreign_gpus: z.array(z.string()),
  missing_gpus: z.array(z.string()),
  boot_id: z.string().nullable(),
});

/** Of these machines, those that are no more: a notice of a deletion can be lost, and leaves nothing to poll. */
export async function findGone(sql: Sql, machineIds: readonly string[]): Promise<string[]> {
  const rows = await sql<{ id: string }>(
    `SELECT id FROM unnest($1::text[]) AS asked(id)
     WHERE NOT EXISTS (SELECT 1 FROM machines m WHERE m.machine_id = asked.id)`,
    [machineIds],
  );
  return rows.map(({ id }) => id);
}

export const TLS_PURPOSE = "machines.tls";

/** A row that can't be read, as after a change of the key, is told and left out: it must not cost the others. */
export async function loadMachines(
  sql: Sql,
  box: SecretBox,
  filter: { machine_ids: readonly string[] } | { shards: readonly number[] },
  onUnreadable: (machineId: string, error: unknown) => void,
): Promise<MachineRow[]> {
  const rows =
    "shards" in filter
      ? await sql<FlatRow>(`${QUERY} WHERE m.shard = ANY($1::int[])`, [filter.shards])
      : await sql<FlatRow>(`${QUERY} WHERE m.machine_id = ANY($1::text[])`, [filter.machine_ids]);
  return rows.flatMap((flat) => {
    try {
      return [toRow(box, flat)];
    } catch (error) {
      onUnreadable(flat.machine_id, error);
      return [];
    }
  });
}

const Conditions = z.array(Condition);

function toRow(box: SecretBox, flat: FlatRow): MachineRow {
  const { online, engine_version, api_version, conditions, observed_generation, version, tls, facts, ...row } = flat;
  return {
    ...row,
    facts: Facts.parse(facts),
    tls: tls === null ? null : EngineTls.parse(JSON.parse(box.open(tls, TLS_PURPOSE))),
    status: {
      online,
      engine_version,
      api_version,
      conditions: Conditions.parse(conditions),
      observed_generation,
      version,
    },
  };
}
