import { Condition } from "@berth/spec/condition.ts";
import {
  type ContainerPhase,
  ContainerSpec,
  type Desired,
  type OnLoss,
  PortBinding,
  type RecreateConsent,
} from "@berth/spec/container.ts";
import type { ImageSource } from "@berth/spec/image.ts";
import { z } from "zod";
import { KEYS_HASH } from "../accounts/ssh-keys.ts";
import { REFERENCE } from "../images/reference.ts";
import type { Sql } from "../sql.ts";
import { mountedStorages } from "../storages/mounted.ts";
import { MountedStorage, type ResolvedMount, resolveMounts } from "../storages/resolve-mounts.ts";

/** One container with all that a reconciler needs of it: spec, placement, image, status, holds. */
export interface ContainerRow {
  container_id: number;
  uid: string;
  name: string;
  image_id: number;
  spec: ContainerSpec;
  desired: Desired;
  on_loss: OnLoss;
  run: number;
  restart_run: number;
  incarnation: number;
  recreate: RecreateConsent | null;
  /** Of the owner's last word on the engine container: a recreate, or a restore. */
  recreate_generation: number;
  restore_engine_id: string | null;
  generation: number;
  /** `on_registry`: on Berth's own, which lets a machine in with a token only. `is_own`: of this container's content. */
  image: { reference: string; on_registry: boolean; source: ImageSource; is_own: boolean; digest: string | null };
  placement: { machine_id: string; shard: number; gpu_uuids: string[]; ports: PortBinding[] };
  /** Of its spec, as the storages of its machine are now. */
  mounts: ResolvedMount[];
  /** GPUs that it holds now; its placement remembers those of a stopped one too. */
  claimed_gpus: string[];
  /** It stands in the line for GPUs: until its turn it is not to run. */
  is_waiting: boolean;
  /** It is on its way to another machine: here it is not to run, and what it holds here stays its own until it has arrived. */
  is_moving: boolean;
  /** Of its owner's ssh keys; null where it has no port of kind ssh. */
  ssh_keys_hash: string | null;
  /** It holds GPUs or ports that its placement does not name any more. */
  has_surplus: boolean;
  status: ContainerStatusRow;
  held: HeldRow[];
}

export interface ContainerStatusRow {
  phase: ContainerPhase;
  running: boolean;
  message: string;
  engine_id: string | null;
  /** Of the recorded engine container; the row's may be a newer one. */
  image_id: number | null;
  create_open: boolean;
  applied: Applied | null;
  started_run: number;
  completed_run: number;
  abandoned_generation: number;
  /** `<engine id>:<hash>` of the keys that were put into it; null where none were since it was started. */
  ssh_keys: string | null;
  restarts: number;
  exit_code: number | null;
  next_retry_at: Date | null;
  conditions: Condition[];
  observed_generation: number;
  version: number;
}

/** All that an engine fixed when it made a container. */
export const MadeFrom = z.object({
  image_id: z.number(),
  incarnation: z.number(),
  spec: z.unknown().transform(readSpec),
  gpu_uuids: z.array(z.string()),
  ports: z.array(PortBinding),
});
export type MadeFrom = z.infer<typeof MadeFrom>;

export const Applied = z.object({
  /** What was last applied in place; null where nobody knows. */
  memory_bytes: z.number().nullable(),
  nano_cpus: z.number().nullable(),
  /** Of the container that was made last, or is being made: its `berth.spec` label tells whether this is its own. */
  made_from: MadeFrom.nullable().default(null),
});
export type Applied = z.infer<typeof Applied>;

/**
 * Nearly every spec is that from which its container was made, and many are those of others: one object for equal ones
 * halves what rows take, in memory and in time. They are never changed in place.
 */
const specs = new Map<string, ContainerSpec>();
const SPECS_KEPT = 1_000;

function readSpec(value: unknown): ContainerSpec {
  const key = JSON.stringify(value);
  const known = specs.get(key);
  if (known) return known;
  const spec = ContainerSpec.parse(value);
  if (specs.size >= SPECS_KEPT) specs.clear();
  specs.set(key, spec);
  return spec;
}

export interface HeldRow {
  engine_id: string;
  generation: number;
  held_until: Date;
  made_from: MadeFrom | null;
}

interface FlatRow extends Omit<ContainerRow, "spec" | "image" | "placement" | "mounts" | "status" | "held"> {
  spec: unknown;
  reference: string;
  on_registry: boolean;
  source: ImageSource;
  is_own: boolean;
  digest: string | null;
  machine_id: string;
  shard: number;
  gpu_uuids: string[];
  ports: PortBinding[];
  account: string;
  storages: unknown;
  status: Omit<ContainerStatusRow, "conditions" | "next_retry_at" | "applied"> & {
    conditions: unknown;
    next_retry_at: string | null;
    applied: unknown;
  };
  held: { engine_id: string; generation: number; held_until: string; made_from: unknown }[];
}

const QUERY = `
  SELECT c.container_id, c.uid, c.name, c.image_id, c.spec, c.desired, c.on_loss, c.run, c.restart_run, c.incarnation,
         c.recreate, c.recreate_generation, c.restore_engine_id, c.generation, ${REFERENCE} AS reference, i.reference IS NULL AS on_registry, i.source,
         i.origin_uid IS NOT DISTINCT FROM c.uid AS is_own, si.digest,
         p.machine_id, m.shard, p.gpu_uuids, p.ports, to_jsonb(s) AS status,
         u.account, ${mountedStorages("c.spec", "p.machine_id")} AS storages,
         ARRAY(SELECT gpu_uuid FROM gpu_allocations g
               WHERE g.container_id = c.container_id AND g.machine_id = p.machine_id) AS claimed_gpus,
         EXISTS (SELECT 1 FROM waiting_line w WHERE w.container_id = c.container_id) AS is_waiting,
         EXISTS (SELECT 1 FROM moves v WHERE v.container_id = c.container_id) AS is_moving,
         (EXISTS (SELECT 1 FROM gpu_allocations g WHERE g.container_id = c.container_id AND g.machine_id = p.machine_id
                    AND g.gpu_uuid <> ALL (p.gpu_uuids))
          OR (SELECT count(*) FROM port_allocations a
              WHERE a.container_id = c.container_id AND a.machine_id = p.machine_id) > jsonb_array_length(p.ports)
         ) AS has_surplus,
         CASE WHEN p.ports @> '[{"kind": "ssh"}]' THEN ${KEYS_HASH} END AS ssh_keys_hash,
         COALESCE((SELECT jsonb_agg(jsonb_build_object('engine_id', h.engine_id, 'generation', h.generation, 'held_until', h.held_until,
                     'made_from', CASE WHEN h.spec IS NOT NULL THEN jsonb_build_object('image_id', h.image_id,
                       'incarnation', h.incarnation, 'spec', h.spec, 'gpu_uuids', h.gpu_uuids, 'ports', h.ports) END))
                   FROM held_containers h WHERE h.container_id = c.container_id AND h.machine_id = p.machine_id), '[]') AS held
  FROM containers c
  JOIN users u ON u.user_id = c.user_id
  JOIN images i USING (image_id)
  LEFT JOIN image_status si USING (image_id)
  JOIN placements p USING (container_id)
  JOIN machines m ON m.machine_id = p.machine_id
  JOIN container_status s USING (container_id)`;

/**
 * Those that exist and are placed, in no order. A row that can't be read, as one that a later release wrote, is told and
 * left out: it must not cost the others.
 */
export async function loadContainers(
  sql: Sql,
  filter: { uids: readonly string[] } | { machine_ids: readonly string[] },
  onUnreadable: (uid: string, error: unknown) => void,
): Promise<ContainerRow[]> {
  const rows =
    "uids" in filter
      ? await sql<FlatRow>(`${QUERY} WHERE c.uid = ANY($1::uuid[])`, [filter.uids])
      : await sql<FlatRow>(`${QUERY} WHERE p.machine_id = ANY($1::text[])`, [filter.machine_ids]);
  return rows.flatMap((flat) => {
    try {
      return [toRow(flat)];
    } catch (error) {
      onUnreadable(flat.uid, error);
      return [];
    }
  });
}

// Made once: to make a schema takes longer than to read with it.
const Conditions = z.array(Condition);
const MountedStorages = z.array(MountedStorage);
const AppliedOrNone = Applied.nullable();
const MadeFromOrNone = MadeFrom.nullable();

/** Field by field: what a spread makes of so many takes twice the memory, and a process may hold a hundred thousand rows. */
function toRow(flat: FlatRow): ContainerRow {
  const spec = readSpec(flat.spec);
  const { status } = flat;
  return {
    container_id: flat.container_id,
    uid: flat.uid,
    name: flat.name,
    image_id: flat.image_id,
    spec,
    desired: flat.desired,
    on_loss: flat.on_loss,
    run: flat.run,
    restart_run: flat.restart_run,
    incarnation: flat.incarnation,
    recreate: flat.recreate,
    recreate_generation: flat.recreate_generation,
    restore_engine_id: flat.restore_engine_id,
    generation: flat.generation,
    image: {
      reference: flat.reference,
      on_registry: flat.on_registry,
      source: flat.source,
      is_own: flat.is_own,
      digest: flat.digest,
    },
    placement: { machine_id: flat.machine_id, shard: flat.shard, gpu_uuids: flat.gpu_uuids, ports: flat.ports },
    mounts: resolveMounts(spec.mounts, MountedStorages.parse(flat.storages), flat.account),
    claimed_gpus: flat.claimed_gpus,
    is_waiting: flat.is_waiting,
    is_moving: flat.is_moving,
    ssh_keys_hash: flat.ssh_keys_hash,
    has_surplus: flat.has_surplus,
    status: {
      phase: status.phase,
      running: status.running,
      message: status.message,
      engine_id: status.engine_id,
      image_id: status.image_id,
      create_open: status.create_open,
      applied: AppliedOrNone.parse(status.applied),
      started_run: status.started_run,
      completed_run: status.completed_run,
      abandoned_generation: status.abandoned_generation,
      ssh_keys: status.ssh_keys,
      restarts: status.restarts,
      exit_code: status.exit_code,
      next_retry_at: status.next_retry_at === null ? null : new Date(status.next_retry_at),
      conditions: Conditions.parse(status.conditions),
      observed_generation: status.observed_generation,
      version: status.version,
    },
    held: flat.held.map((hold) => ({
      ...hold,
      held_until: new Date(hold.held_until),
      made_from: MadeFromOrNone.parse(hold.made_from),
    })),
  };
}
