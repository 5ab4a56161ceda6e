import { DomainError } from "@berth/spec/error-code.ts";
import type { Sql } from "../sql.ts";
import { type ClaimRequest, noPorts, type Placement, tooManyCpus, writePlacement } from "./claim.ts";
import { hasCores } from "./fit.ts";
import { loadLedger } from "./ledger.ts";
import { lockPlacement } from "./lock.ts";
import { choosePorts } from "./ports.ts";

type Reclaim = Pick<ClaimRequest, "container_id" | "cpus" | "ports">;

/**
 * Claims ports anew for a container that is placed, where it is, in the caller's transaction. Its GPUs stay those that it was
 * made with, held or only remembered. UNPROCESSABLE where its machine has fewer cores, CONFLICT where its ports are all taken.
 */
export async function reclaimPorts(sql: Sql, request: Reclaim): Promise<void> {
  const { container_id } = request;
  await lockPlacement(sql);
  const [before] = await sql<Placement>("SELECT machine_id, gpu_uuids, ports FROM placements WHERE container_id = $1", [
    container_id,
  ]);
  const [machine] = before ? await loadLedger(sql, before.machine_id) : [];
  if (!before || !machine) throw new DomainError("CONFLICT", "The container is on no machine yet.");
  if (!hasCores(machine, request)) throw tooManyCpus([machine]);
  const ports = await choosePorts(sql, machine, request, before.ports);
  if (!ports) throw noPorts([machine]);
  await writePlacement(sql, container_id, { ...before, ports }, []);
}
