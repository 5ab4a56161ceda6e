import { Condition } from "@berth/spec/condition.ts";
import { EngineTls, type MachineState } from "@berth/spec/machine.ts";
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
  simulated: boolean;
  runs_containers: boolean;
  state: MachineState;
  marker_uuid: string;
  shard: number;
  generation: number;
  status: MachineStatusRow;
}

export interface MachineStatusRow {
  online: boolean;
  engine_version: string | null;
  api_version: string | null;
  conditions: Condition[];
  observed_generation: number;
  version: number;
}

interface FlatRow extends Omit<MachineRow, "tls" | "status">, Omit<MachineStatusRow, "conditions"> {
  tls: Uint8Array | null;
  conditions: unknown;
}

const QUERY = `
  SELECT m.machine_id, m.name, m.url, m.tls, m.allow_insecure, m.simulated, m.runs_containers, m.state, m.marker_uuid, m.shard, m.generation,
         s.online, s.engine_version, s.api_version, s.conditions, s.observed_generation, s.version
  FROM machines m JOIN machine_status s USING (machine_id)`;

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

function toRow(box: SecretBox, flat: FlatRow): MachineRow {
  const { online, engine_version, api_version, conditions, observed_generation, version, tls, ...row } = flat;
  return {
    ...row,
    tls: tls === null ? null : EngineTls.parse(JSON.parse(box.open(tls, TLS_PURPOSE))),
    status: {
      online,
      engine_version,
      api_version,
      conditions: z.array(Condition).parse(conditions),
      observed_generation,
      version,
    },
  };
}
