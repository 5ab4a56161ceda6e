import { claimOrWait, claimPlacement, type Placement } from "@berth/db/placement/claim.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { ContainerSpec } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { gpusAsked } from "../users/quota.ts";
import { holdStorages } from "./hold-storages.ts";

/** What to do where GPUs are not free: refuse, or stand in line for them. */
type IfBusy = "fail" | "wait";

/** A container to place: where it was asked to be, and what it needs. */
export interface Claimant {
  container_id: number;
  machine_id: string | null;
  spec: ContainerSpec;
}

/** Null where it waits in line. */
type Claimed = Placement | null;

/** GPUs and ports, chosen by what the spec asks for. */
export async function claimAll(
  sql: Sql,
  { container_id, machine_id, spec }: Claimant,
  ifBusy: IfBusy,
): Promise<Claimed> {
  const { gpu_type, gpu_uuids, cpus, ports } = spec;
  const claim = ifBusy === "wait" ? claimOrWait : claimPlacement;
  const gpu_count = gpusAsked(spec);
  const machine_ids = await holdStorages(sql, spec.mounts, machine_id);
  return claim(sql, { container_id, machine_id, machine_ids, gpu_count, gpu_type, gpu_uuids, cpus, ports });
}

/** Ports for what is not to run now, on a machine where its GPUs are, free or not. */
export async function claimPorts(sql: Sql, claimant: Claimant): Promise<void> {
  const { container_id, spec } = claimant;
  const machine_ids = await holdStorages(sql, spec.mounts, claimant.machine_id);
  const machine_id = claimant.machine_id ?? (await machineWithGpus(sql, spec, machine_ids));
  const gpus = { gpu_count: 0, gpu_type: null, gpu_uuids: null };
  await claimPlacement(sql, { container_id, machine_id, machine_ids, ...gpus, cpus: spec.cpus, ports: spec.ports });
}

/**
 * GPUs for another run. An engine fixes them at create, so a container that had some gets the very same, or CONFLICT
 * where they are not free: others would mean another container, and only a recreate may make one.
 */
export async function claimForStart(sql: Sql, claimant: Claimant, ifBusy: IfBusy): Promise<Claimed> {
  const { container_id, machine_id, spec } = claimant;
  const remembered = await gpusOfLastRun(sql, container_id);
  if (remembered.length === 0 || remembered.length !== gpusAsked(spec)) return claimAll(sql, claimant, ifBusy);
  const claim = ifBusy === "wait" ? claimOrWait : claimPlacement;
  try {
    return await claim(sql, {
      container_id,
      machine_id,
      gpu_count: remembered.length,
      gpu_type: null,
      gpu_uuids: remembered,
      cpus: spec.cpus,
      ports: spec.ports,
    });
  } catch (error) {
    if (!(error instanceof DomainError && error.code === "CONFLICT")) throw error;
    const message = `Its GPUs are not free: wait for them (if_busy: wait), or change the GPUs with a recreate. ${error.message}`;
    throw new DomainError("CONFLICT", message, { gpu_uuids: remembered });
  }
}

/** Those that its engine container was made with, perhaps another's by now. */
export async function gpusOfLastRun(sql: Sql, containerId: number): Promise<string[]> {
  const [placement] = await sql<{ gpu_uuids: string[] }>("SELECT gpu_uuids FROM placements WHERE container_id = $1", [
    containerId,
  ]);
  return placement?.gpu_uuids ?? [];
}

/**
 * The machine with most free of the GPUs that `spec` wants, among those that have enough at all; one with too few cores only
 * where all have, for the claim to say so. Null for any machine.
 */
async function machineWithGpus(
  sql: Sql,
  { gpu_count, gpu_type, gpu_uuids, cpus }: ContainerSpec,
  machineIds: readonly string[] | null,
): Promise<string | null> {
  if (gpu_count === 0) return null;
  const [machine] = await sql<{ machine_id: string }>(
    `SELECT m.machine_id
     FROM machines m JOIN machine_status s USING (machine_id)
     CROSS JOIN LATERAL (
       SELECT count(*) AS fitting, count(*) FILTER (WHERE held.holders < COALESCE((m.shared_gpus->>(gpu->>'uuid'))::int, 1)) AS free
       FROM jsonb_array_elements(s.gpus) gpu
       CROSS JOIN LATERAL (SELECT count(*) AS holders FROM gpu_allocations a
                           WHERE a.machine_id = m.machine_id AND a.gpu_uuid = gpu->>'uuid') held
       WHERE ($1::text IS NULL OR gpu->>'type' = $1) AND ($2::text[] IS NULL OR gpu->>'uuid' = ANY ($2::text[]))
     ) g
     WHERE m.state = 'active' AND m.runs_containers AND g.fitting >= $3 AND ($4::text[] IS NULL OR m.machine_id = ANY ($4::text[]))
     ORDER BY LEAST(s.cores, $5::float8) DESC, g.free DESC, m.machine_id LIMIT 1`,
    [gpu_type, gpu_uuids, gpu_count, machineIds, cpus ?? 0],
  );
  if (machine) return machine.machine_id;
  throw new DomainError("UNPROCESSABLE", `No machine has ${gpu_count} such GPUs: ask for fewer, or for another type.`);
}
