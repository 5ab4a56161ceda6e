import { claimPlacement } from "@berth/db/placement/claim.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { ContainerSpec } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { gpusAsked } from "../users/quota.ts";

/** A container to place: where it was asked to be, and what it needs. */
export interface Claimant {
  container_id: number;
  machine_id: string | null;
  spec: ContainerSpec;
}

/** GPUs and ports, chosen by what the spec asks for. */
export async function claimAll(sql: Sql, { container_id, machine_id, spec }: Claimant): Promise<void> {
  const { gpu_count, gpu_type, gpu_uuids, cpus, ports } = spec;
  await claimPlacement(sql, { container_id, machine_id, gpu_count, gpu_type, gpu_uuids, cpus, ports });
}

/** Ports for what is not to run now, on a machine where its GPUs are, free or not. */
export async function claimPorts(sql: Sql, claimant: Claimant): Promise<void> {
  const { container_id, spec } = claimant;
  const machine_id = claimant.machine_id ?? (await machineWithGpus(sql, spec));
  const gpus = { gpu_count: 0, gpu_type: null, gpu_uuids: null };
  await claimPlacement(sql, { container_id, machine_id, ...gpus, cpus: spec.cpus, ports: spec.ports });
}

/** Ports anew, on a machine that has as many cores; the GPUs that it holds, if any, stay its own. */
export async function reclaimPorts(sql: Sql, { container_id, machine_id, spec }: Claimant): Promise<void> {
  const held = await sql<{ gpu_uuid: string }>(
    // What it holds beside that is of an engine container that is to be replaced.
    `SELECT a.gpu_uuid FROM gpu_allocations a JOIN placements p USING (container_id)
     WHERE a.container_id = $1 AND a.gpu_uuid = ANY (p.gpu_uuids)`,
    [container_id],
  );
  const gpu_uuids = held.map((row) => row.gpu_uuid);
  const gpus = { gpu_count: gpu_uuids.length, gpu_type: null, gpu_uuids };
  await claimPlacement(sql, { container_id, machine_id, ...gpus, cpus: spec.cpus, ports: spec.ports });
}

/**
 * GPUs for another run. An engine fixes them at create, so a container that had some gets the very same, or CONFLICT
 * where they are not free: others would mean another container, and only a recreate may make one.
 */
export async function claimForStart(sql: Sql, claimant: Claimant): Promise<void> {
  const { container_id, machine_id, spec } = claimant;
  const [before] = await sql<{ gpu_uuids: string[]; holders: number }>(
    `SELECT p.gpu_uuids, (SELECT count(*)::int FROM gpu_allocations a
                          WHERE a.machine_id = p.machine_id AND a.gpu_uuid = ANY (p.gpu_uuids)
                            AND a.container_id <> p.container_id) AS holders
     FROM placements p WHERE p.container_id = $1`,
    [container_id],
  );
  const remembered = before?.gpu_uuids ?? [];
  if (remembered.length === 0 || remembered.length !== gpusAsked(spec)) return claimAll(sql, claimant);
  if (before && before.holders > 0) {
    throw new DomainError(
      "CONFLICT",
      "Its GPUs are in use by another container: wait for them, or change the GPUs with a recreate.",
      { gpu_uuids: remembered },
    );
  }
  await claimPlacement(sql, {
    container_id,
    machine_id,
    gpu_count: remembered.length,
    gpu_type: null,
    gpu_uuids: remembered,
    cpus: spec.cpus,
    ports: spec.ports,
  });
}

/** The machine with most free of the GPUs that `spec` wants, among those that have enough at all. Null for any machine. */
async function machineWithGpus(sql: Sql, { gpu_count, gpu_type, gpu_uuids }: ContainerSpec): Promise<string | null> {
  if (gpu_count === 0) return null;
  const [machine] = await sql<{ machine_id: string }>(
    `SELECT m.machine_id
     FROM machines m JOIN machine_status s USING (machine_id)
     CROSS JOIN LATERAL (
       SELECT count(*) AS fitting, count(a.gpu_uuid) AS taken
       FROM jsonb_array_elements(s.gpus) gpu
       LEFT JOIN gpu_allocations a ON a.machine_id = m.machine_id AND a.gpu_uuid = gpu->>'uuid'
       WHERE ($1::text IS NULL OR gpu->>'type' = $1) AND ($2::text[] IS NULL OR gpu->>'uuid' = ANY ($2::text[]))
     ) g
     WHERE m.state = 'active' AND m.runs_containers AND g.fitting >= $3
     ORDER BY g.fitting - g.taken DESC, m.machine_id LIMIT 1`,
    [gpu_type, gpu_uuids, gpu_count],
  );
  if (machine) return machine.machine_id;
  throw new DomainError("UNPROCESSABLE", `No machine has ${gpu_count} such GPUs: ask for fewer, or for another type.`);
}
