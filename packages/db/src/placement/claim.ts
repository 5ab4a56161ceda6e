import type { PortBinding } from "@berth/spec/container.ts";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Sql } from "../sql.ts";
import { type Choice, choose, hasCores, isCapable, isOpenTo, mayServe, type Promised, wantsGpus } from "./fit.ts";
import { type GpuAsk, type LedgerMachine, loadLedger } from "./ledger.ts";
import { joinLine, leaveLine } from "./line.ts";
import { lockPlacement } from "./lock.ts";
import { choosePorts } from "./ports.ts";
import { promisedToLine } from "./promised-to-line.ts";

/** What a container asks of a machine. */
export interface ClaimRequest extends Omit<GpuAsk, "isPlaced" | "machine_ids"> {
  /** As of {@link GpuAsk}; any machine where it is left out. */
  machine_ids?: readonly string[] | null;
  ports: readonly ContainerPort[];
}

export interface Placement {
  machine_id: string;
  gpu_uuids: string[];
  ports: PortBinding[];
}

/**
 * Places a container and claims its GPUs and host ports, all or nothing, in the caller's transaction. Where the container
 * has a placement already, its machine stays, and ports that are still asked for keep their host port. What it held before
 * it goes on holding, for its engine container may still use it: `releaseSurplus` gives it back when that has gone.
 * Throws UNPROCESSABLE for what can never fit, CONFLICT for what does not fit now, or what those who wait could use.
 */
export async function claimPlacement(sql: Sql, request: ClaimRequest): Promise<Placement> {
  const outcome = await attempt(sql, request);
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.placement;
}

/**
 * As `claimPlacement`, but what only has to wait for GPUs joins the line: then the answer is null, and `advanceLine` claims
 * for it when its turn comes. GPUs that a person names are waited for only by a container that was made with them.
 */
export async function claimOrWait(sql: Sql, request: ClaimRequest): Promise<Placement | null> {
  const outcome = await attempt(sql, request);
  if ("placement" in outcome) return outcome.placement;
  if (!outcome.mayWait) throw outcome.refusal;
  await joinLine(sql, outcome.ask);
  return null;
}

type Outcome = { placement: Placement } | Refused;

/** Who asks for GPUs anew leaves the line, and claims or goes to its end. */
async function attempt(sql: Sql, request: ClaimRequest): Promise<Outcome> {
  await lockPlacement(sql);
  if (request.gpu_count > 0) await leaveLine(sql, request.container_id);
  const [before] = await sql<Placement>("SELECT machine_id, gpu_uuids, ports FROM placements WHERE container_id = $1", [
    request.container_id,
  ]);
  const ask: GpuAsk = {
    ...request,
    machine_id: before?.machine_id ?? request.machine_id,
    machine_ids: request.machine_ids ?? null,
    isPlaced: before !== undefined,
  };
  const machines = await loadLedger(sql, wantsGpus(ask) ? null : ask.machine_id);
  const promised: Promised = wantsGpus(ask) ? await promisedToLine(sql, machines) : new Map();
  const choices = choose(machines, ask, promised, before?.gpu_uuids);
  if (choices.length === 0) {
    return refuse(
      machines.filter((machine) => mayServe(machine, ask)),
      ask,
      promised,
    );
  }
  const found = await firstWithPorts(sql, choices, request, before?.ports ?? []);
  if (!found) return { refusal: noPorts(choices.map(({ machine }) => machine)), mayWait: false, ask };
  const { machine, gpu_uuids, ports } = found;
  const placement = { machine_id: machine.machine_id, gpu_uuids, ports };
  await writePlacement(sql, request.container_id, placement, gpu_uuids);
  return { placement };
}

/** Places the container so, and claims these of its GPUs and all of its ports, beside what it holds already. */
export async function writePlacement(
  sql: Sql,
  containerId: number,
  placement: Placement,
  claimedGpus: readonly string[],
): Promise<void> {
  await writeClaims(sql, containerId, placement, claimedGpus);
  await sql(
    `INSERT INTO placements (container_id, machine_id, gpu_uuids, ports) VALUES ($1, $2, $3::text[], $4::jsonb)
     ON CONFLICT (container_id) DO UPDATE SET gpu_uuids = EXCLUDED.gpu_uuids, ports = EXCLUDED.ports`,
    [containerId, placement.machine_id, placement.gpu_uuids, JSON.stringify(placement.ports)],
  );
}

/** Claims these GPUs and the placement's ports, beside what the container holds already. */
export async function writeClaims(
  sql: Sql,
  containerId: number,
  { machine_id, ports }: Placement,
  claimedGpus: readonly string[],
): Promise<void> {
  await sql(
    `INSERT INTO gpu_allocations (machine_id, gpu_uuid, shares, slot, container_id)
     -- Where all slots of a GPU are taken there is none to insert, and the claim fails.
     SELECT $1, uuid, shares, (SELECT min(slot) FROM generate_series(0, shares - 1) slot WHERE NOT EXISTS (
              SELECT 1 FROM gpu_allocations a WHERE a.machine_id = $1 AND a.gpu_uuid = uuid AND a.slot = slot.slot)), $3
     FROM unnest($2::text[]) AS uuid
       CROSS JOIN LATERAL (SELECT COALESCE((m.shared_gpus->>uuid)::int, 1) AS shares FROM machines m WHERE m.machine_id = $1) m
     WHERE NOT EXISTS (SELECT 1 FROM gpu_allocations a WHERE a.machine_id = $1 AND a.gpu_uuid = uuid AND a.container_id = $3)`,
    [machine_id, claimedGpus, containerId],
  );
  await sql(
    `INSERT INTO port_allocations (machine_id, protocol, host_port, container_id)
     SELECT $1, port->>'protocol', (port->>'host_port')::int, $3 FROM jsonb_array_elements($2::jsonb) AS port
     WHERE NOT EXISTS (SELECT 1 FROM port_allocations a WHERE a.machine_id = $1 AND a.protocol = port->>'protocol'
                         AND a.host_port = (port->>'host_port')::int AND a.container_id = $3)`,
    [machine_id, JSON.stringify(ports), containerId],
  );
}

/** The best machine that has the host ports too; null where none has. */
export async function firstWithPorts(
  sql: Sql,
  choices: readonly Choice[],
  request: Pick<ClaimRequest, "container_id" | "ports">,
  before: readonly PortBinding[],
): Promise<(Choice & { ports: PortBinding[] }) | null> {
  for (const choice of choices) {
    const ports = await choosePorts(sql, choice.machine, request, before);
    if (ports) return { ...choice, ports };
  }
  return null;
}

export const refusalOf = (machines: readonly LedgerMachine[], ask: GpuAsk, promised: Promised): DomainError =>
  refuse(machines, ask, promised).refusal;

interface Refused {
  refusal: DomainError;
  mayWait: boolean;
  ask: GpuAsk;
}

/** Why no machine takes it now, and whether that may pass. `machines` are those that it may be on. */
function refuse(machines: readonly LedgerMachine[], ask: GpuAsk, promised: Promised): Refused {
  const never = (refusal: DomainError): Refused => ({ refusal, mayWait: false, ask });
  if (ask.machine_id !== null && machines.length === 0) {
    return never(new DomainError("NOT_FOUND", `There is no machine ${ask.machine_id}.`));
  }
  const open = machines.filter((machine) => isOpenTo(machine, ask));
  const kept = machines.filter(({ state, runs_containers }) => state !== "decommissioned" && runs_containers);
  const mayOpen = ask.machine_id === null && wantsGpus(ask) && kept.some((machine) => isCapable(machine, ask));
  if (open.length === 0) return { refusal: noMachine(machines), mayWait: mayOpen, ask };
  if (!open.some((machine) => hasCores(machine, ask))) return never(tooManyCpus(open));
  const possible = open.filter((machine) => isCapable(machine, ask));
  if (possible.length === 0 && !mayOpen) return never(neverFits(ask));
  const mayWait = wantsGpus(ask) && (ask.gpu_uuids === null || ask.isPlaced);
  return { refusal: busy(possible, ask, promised), mayWait, ask };
}

function noMachine(machines: readonly LedgerMachine[]): DomainError {
  const [only] = machines;
  if (!only) return new DomainError("UNPROCESSABLE", "There is no machine yet: an admin adds the first one.");
  return machines.length === 1
    ? new DomainError(
        "CONFLICT",
        `${only.name} takes no new containers (${only.runs_containers ? only.state : "it only builds"}).`,
      )
    : new DomainError("CONFLICT", "No machine takes new containers now: all are cordoned.");
}

export const describeAsk = (ask: Pick<GpuAsk, "gpu_count" | "gpu_type" | "gpu_uuids">): string =>
  ask.gpu_uuids ? `GPU ${ask.gpu_uuids.join(", ")}` : `${ask.gpu_count} × ${ask.gpu_type ?? "GPU"}`;

const describeWithMachine = (ask: GpuAsk): string =>
  ask.gpu_uuids || ask.machine_id === null
    ? describeAsk(ask)
    : `${ask.gpu_count} × ${ask.gpu_type ?? "GPU"} on ${ask.machine_id}`;

const neverFits = (ask: GpuAsk): DomainError =>
  new DomainError("UNPROCESSABLE", `No machine has ${describeWithMachine(ask)}: ask for fewer, or for another type.`);

export function tooManyCpus(machines: readonly LedgerMachine[]): DomainError {
  const most = Math.max(...machines.map(({ cores }) => cores ?? 0));
  return new DomainError("UNPROCESSABLE", `No machine has so many cores: ask for ${most} cpus at most.`);
}

export function noPorts(machines: readonly LedgerMachine[]): DomainError {
  const names = machines.map(({ name }) => name).join(", ");
  return new DomainError("CONFLICT", `Every port of ${names} is taken: ask an admin to widen the port range.`);
}

function busy(possible: readonly LedgerMachine[], ask: GpuAsk, promised: Promised): DomainError {
  if (!wantsGpus(ask)) {
    return new DomainError("CONFLICT", "No machine is online now: try again when one is back.");
  }
  const isPromised = choose(possible, ask, new Map()).length > 0 && promised.size > 0;
  const why = isPromised ? "It is promised to those who wait in line." : "It can be waited for in line.";
  return new DomainError(
    "CONFLICT",
    `Not free now: ${describeWithMachine(ask)}. ${ask.gpu_uuids && !isPromised ? "" : why}`.trim(),
    {
      machine_ids: possible.map((machine) => machine.machine_id),
    },
  );
}
