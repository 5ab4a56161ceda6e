import type { PortBinding } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Sql } from "../sql.ts";
import { type Placement, writePlacement } from "./claim.ts";
import { lockPlacement } from "./lock.ts";

export interface ClaimAgain {
  container_id: number;
  gpu_uuids: readonly string[];
  ports: readonly PortBinding[];
  /** One that is not to run now is placed with its GPUs, and gets them at its next start. */
  runs: boolean;
}

/**
 * Claims the very GPUs and host ports that an engine container was made with, on the machine where the container is, all or
 * nothing, in the caller's transaction. What it held before it goes on holding, as of `claimPlacement`. CONFLICT, which
 * names what is another's by now.
 */
export async function claimAgain(sql: Sql, { container_id, gpu_uuids, ports, runs }: ClaimAgain): Promise<void> {
  await lockPlacement(sql);
  const [before] = await sql<Placement>("SELECT machine_id FROM placements WHERE container_id = $1", [container_id]);
  if (!before) throw new DomainError("CONFLICT", "The container is on no machine yet.");
  const { machine_id } = before;
  const gpusToClaim = runs ? gpu_uuids : [];
  const takenGpus = await sql<{ gpu_uuid: string }>(
    `SELECT gpu_uuid FROM gpu_allocations
     WHERE machine_id = $1 AND gpu_uuid = ANY ($2::text[]) AND container_id <> $3 ORDER BY gpu_uuid`,
    [machine_id, gpusToClaim, container_id],
  );
  const takenPorts = await sql<{ port: string }>(
    `SELECT a.protocol || '/' || a.host_port AS port
     FROM port_allocations a JOIN jsonb_array_elements($2::jsonb) p
       ON p->>'protocol' = a.protocol AND (p->>'host_port')::int = a.host_port
     WHERE a.machine_id = $1 AND a.container_id <> $3 ORDER BY a.protocol, a.host_port`,
    [machine_id, JSON.stringify(ports), container_id],
  );
  if (takenGpus.length > 0 || takenPorts.length > 0) {
    throw takenMeanwhile(
      takenGpus.map((row) => row.gpu_uuid),
      takenPorts.map((row) => row.port),
    );
  }
  await writePlacement(sql, container_id, { machine_id, gpu_uuids: [...gpu_uuids], ports: [...ports] }, gpusToClaim);
}

function takenMeanwhile(gpu_uuids: string[], ports: string[]): DomainError {
  const names = [...gpu_uuids.map((uuid) => `GPU ${uuid}`), ...ports.map((port) => `port ${port}`)].join(", ");
  return new DomainError("CONFLICT", `Another container has it by now: ${names}.`, { gpu_uuids, ports });
}
