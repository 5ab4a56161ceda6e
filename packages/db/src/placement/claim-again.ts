import type { PortBinding } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Sql } from "../sql.ts";
import { type Placement, writePlacement } from "./claim.ts";
import { choose, isGpuFree } from "./fit.ts";
import { loadLedger } from "./ledger.ts";
import { leaveLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";
import { promisedToLine } from "./promised-to-line.ts";

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
  if (runs) await leaveLine(sql, container_id);
  const takenGpus = runs ? await takenOf(sql, { container_id, machine_id, gpu_uuids }) : [];
  const takenPorts = await sql<{ port: string }>(
    `SELECT a.protocol || '/' || a.host_port AS port
     FROM port_allocations a JOIN jsonb_array_elements($2::jsonb) p
       ON p->>'protocol' = a.protocol AND (p->>'host_port')::int = a.host_port
     WHERE a.machine_id = $1 AND a.container_id <> $3 ORDER BY a.protocol, a.host_port`,
    [machine_id, JSON.stringify(ports), container_id],
  );
  if (takenGpus.length > 0 || takenPorts.length > 0) {
    throw takenMeanwhile(
      takenGpus,
      takenPorts.map((row) => row.port),
    );
  }
  await writePlacement(
    sql,
    container_id,
    { machine_id, gpu_uuids: [...gpu_uuids], ports: [...ports] },
    runs ? gpu_uuids : [],
  );
}

/** Those of the GPUs that are another's, or that one who waits could use. */
async function takenOf(
  sql: Sql,
  { container_id, machine_id, gpu_uuids }: { container_id: number; machine_id: string; gpu_uuids: readonly string[] },
): Promise<string[]> {
  const machines = await loadLedger(sql, machine_id);
  const promised = await promisedToLine(sql, machines);
  const isFree = (uuid: string): boolean => {
    const ask = {
      container_id,
      machine_id,
      machine_ids: null,
      gpu_count: 1,
      gpu_type: null,
      gpu_uuids: [uuid],
      cpus: null,
      isPlaced: true,
    };
    // Whether one that its machine does not tell of is there is for the engine to say; another's it stays all the same.
    const silent = machines.find(({ gpus }) => gpus.every((gpu) => gpu.uuid !== uuid));
    return silent ? isGpuFree(silent, uuid, container_id) : choose(machines, ask, promised).length > 0;
  };
  return gpu_uuids.filter((uuid) => !isFree(uuid)).toSorted();
}

function takenMeanwhile(gpu_uuids: string[], ports: string[]): DomainError {
  const names = [...gpu_uuids.map((uuid) => `GPU ${uuid}`), ...ports.map((port) => `port ${port}`)].join(", ");
  return new DomainError("CONFLICT", `Another container has it by now: ${names}.`, { gpu_uuids, ports });
}
