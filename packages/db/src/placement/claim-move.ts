import type { ContainerSpec } from "@berth/spec/container.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Sql } from "../sql.ts";
import { type ClaimRequest, firstWithPorts, type Placement, refusalOf, writeClaims } from "./claim.ts";
import { choose, isCapable, mayServe } from "./fit.ts";
import { type GpuAsk, loadLedger } from "./ledger.ts";
import { leaveLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";
import { promisedToLine } from "./promised-to-line.ts";

export interface MoveRequest extends Omit<ClaimRequest, "gpu_uuids"> {
  /** Chooses GPUs, also where the container named some: those are on the machine that it leaves. */
  spec: ContainerSpec;
  /** What it is to be made of there. */
  image_id: number;
  /** One that is not to run there gets no GPUs, on a machine that has some. */
  runs: boolean;
}

/**
 * Claims GPUs and ports on another machine, beside what the container holds where it is, in the caller's transaction: it
 * stays there until `settleMoves` sees that what it takes along has arrived. CONFLICT, as of `claimPlacement`, where
 * nothing fits, and where it moves already.
 */
export async function claimMove(sql: Sql, { spec, image_id, runs, ...request }: MoveRequest): Promise<Placement> {
  const { container_id } = request;
  await lockPlacement(sql);
  if (await isMoving(sql, container_id)) throw new DomainError("CONFLICT", "The container is being moved already.");
  await leaveLine(sql, container_id);
  const [here] = await sql<{ machine_id: string }>("SELECT machine_id FROM placements WHERE container_id = $1", [
    container_id,
  ]);
  if (request.machine_id !== null && request.machine_id === here?.machine_id) {
    throw new DomainError("CONFLICT", "The container is on that machine already.");
  }
  const whole: GpuAsk = { ...request, machine_ids: request.machine_ids ?? null, gpu_uuids: null, isPlaced: false };
  const machines = (await loadLedger(sql, null)).filter(
    (machine) => machine.machine_id !== here?.machine_id && mayServe(machine, whole),
  );
  const ask = runs ? whole : { ...whole, gpu_count: 0 };
  const promised = await promisedToLine(sql, machines);
  // Who is away can't take it: its image has to get there.
  const online = machines.filter((machine) => machine.online && isCapable(machine, whole));
  const choices = choose(online, ask, promised);
  if (choices.length === 0) throw refusalOf(machines, whole, promised);
  const found = await firstWithPorts(sql, choices, request, []);
  if (!found) throw new DomainError("CONFLICT", "Every port of the machines that it could move to is taken.");
  const { machine, gpu_uuids, ports } = found;
  const placement = { machine_id: machine.machine_id, gpu_uuids, ports };
  await writeClaims(sql, container_id, placement, gpu_uuids);
  await sql(
    `INSERT INTO moves (container_id, image_id, to_machine_id, gpu_uuids, ports, spec)
     VALUES ($1, $2, $3, $4::text[], $5::jsonb, $6::jsonb)`,
    [container_id, image_id, machine.machine_id, gpu_uuids, JSON.stringify(ports), JSON.stringify(spec)],
  );
  return placement;
}

export const isMoving = async (sql: Sql, containerId: number): Promise<boolean> =>
  (await sql("SELECT 1 FROM moves WHERE container_id = $1", [containerId])).length > 0;
