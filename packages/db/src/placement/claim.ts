import type { PortBinding } from "@berth/spec/container.ts";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Gpu } from "@berth/spec/machine.ts";
import type { Sql } from "../sql.ts";
import { lockPlacement } from "./lock.ts";

/** What a container asks of a machine. */
export interface ClaimRequest {
  container_id: number;
  /** Null lets Berth choose. */
  machine_id: string | null;
  gpu_count: number;
  gpu_type: string | null;
  /** These very ones, which also settles the machine; null lets Berth choose. */
  gpu_uuids: readonly string[] | null;
  /** Cores that it may use at most; an engine refuses more than its machine has. Null is no limit. */
  cpus: number | null;
  ports: readonly ContainerPort[];
}

export interface Placement {
  machine_id: string;
  gpu_uuids: string[];
  ports: PortBinding[];
}

interface Candidate {
  machine_id: string;
  name: string;
  state: string;
  runs_containers: boolean;
  online: boolean;
  port_first: number;
  port_last: number;
  /** Null where that is not known yet. */
  cores: number | null;
  gpus: Gpu[];
  taken: string[];
  containers: number;
}

/**
 * Places a container and claims its GPUs and host ports, all or nothing, in the caller's transaction. Where the container
 * has a placement already, its machine stays, and ports that are still asked for keep their host port. What it held before
 * it goes on holding, for its engine container may still use it: `releaseSurplus` gives it back when that has gone.
 * Throws UNPROCESSABLE for what can never fit, CONFLICT for what does not fit now.
 */
export async function claimPlacement(sql: Sql, request: ClaimRequest): Promise<Placement> {
  await lockPlacement(sql);
  const [before] = await sql<Placement>("SELECT machine_id, gpu_uuids, ports FROM placements WHERE container_id = $1", [
    request.container_id,
  ]);
  const machines = await loadCandidates(sql, request.container_id, before?.machine_id ?? request.machine_id);
  const choices = choose(machines, request, before ?? null);
  const { machine, gpu_uuids, ports } = await firstWithPorts(sql, choices, request, before?.ports ?? []);
  const placement = { machine_id: machine.machine_id, gpu_uuids, ports };
  await writePlacement(sql, request.container_id, placement, gpu_uuids);
  return placement;
}

/** Places the container so, and claims these of its GPUs and all of its ports, beside what it holds already. */
export async function writePlacement(
  sql: Sql,
  containerId: number,
  { machine_id, gpu_uuids, ports }: Placement,
  claimedGpus: readonly string[],
): Promise<void> {
  await sql(
    `INSERT INTO gpu_allocations (machine_id, gpu_uuid, container_id)
     SELECT $1, uuid, $3 FROM unnest($2::text[]) AS uuid
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
  await sql(
    `INSERT INTO placements (container_id, machine_id, gpu_uuids, ports) VALUES ($1, $2, $3::text[], $4::jsonb)
     ON CONFLICT (container_id) DO UPDATE SET gpu_uuids = EXCLUDED.gpu_uuids, ports = EXCLUDED.ports`,
    [containerId, machine_id, gpu_uuids, JSON.stringify(ports)],
  );
}

const loadCandidates = (sql: Sql, containerId: number, machineId: string | null): Promise<Candidate[]> =>
  sql<Candidate>(
    `SELECT m.machine_id, m.name, m.state, m.runs_containers, m.port_first, m.port_last,
            COALESCE(s.online, false) AS online, s.cores, COALESCE(s.gpus, '[]') AS gpus,
            ARRAY(SELECT gpu_uuid FROM gpu_allocations g WHERE g.machine_id = m.machine_id AND g.container_id <> $1) AS taken,
            (SELECT count(*)::int FROM placements p WHERE p.machine_id = m.machine_id) AS containers
     FROM machines m LEFT JOIN machine_status s USING (machine_id)
     WHERE $2::text IS NULL OR m.machine_id = $2
     ORDER BY m.machine_id`,
    [containerId, machineId],
  );

interface Choice {
  machine: Candidate;
  gpu_uuids: string[];
}

/** Never empty. Fullest fit first, so that whole machines stay free for big jobs; without GPUs, the machine with fewest containers. */
function choose(machines: Candidate[], request: ClaimRequest, before: Placement | null): Choice[] {
  if (request.machine_id !== null && machines.length === 0) {
    throw new DomainError("NOT_FOUND", `There is no machine ${request.machine_id}.`);
  }
  const usable = before
    ? machines
    : machines.filter((machine) => machine.state === "active" && machine.runs_containers);
  if (usable.length === 0) throw noMachine(machines);
  const large = usable.filter(({ cores }) => cores === null || (request.cpus ?? 0) <= cores);
  if (large.length === 0) throw tooManyCpus(usable);
  const possible = large.filter((machine) => wanted(machine, request, new Set()) !== null);
  if (possible.length === 0) throw neverFits(request);
  const choices = possible
    .filter((machine) => machine.online || request.machine_id !== null || before !== null)
    .flatMap((machine): Choice[] => {
      const gpu_uuids = wanted(machine, request, new Set(machine.taken), before?.gpu_uuids);
      return gpu_uuids === null ? [] : [{ machine, gpu_uuids }];
    })
    .sort((a, b) => compareFit(a, b, request));
  if (choices.length === 0) throw busy(possible, request);
  return choices;
}

/** The GPUs of one machine that serve the request, or null. `preferred` ones are taken first. */
function wanted(
  machine: Candidate,
  request: ClaimRequest,
  taken: Set<string>,
  preferred: string[] = [],
): string[] | null {
  if (request.gpu_uuids) {
    const all = request.gpu_uuids.every((uuid) => machine.gpus.some((gpu) => gpu.uuid === uuid) && !taken.has(uuid));
    return all ? [...request.gpu_uuids] : null;
  }
  const free = machine.gpus.filter(
    (gpu) => !taken.has(gpu.uuid) && (request.gpu_type === null || gpu.type === request.gpu_type),
  );
  if (free.length < request.gpu_count) return null;
  const order = (gpu: Gpu): number => (preferred.includes(gpu.uuid) ? -1 : gpu.index);
  return free
    .sort((a, b) => order(a) - order(b))
    .slice(0, request.gpu_count)
    .map((gpu) => gpu.uuid);
}

function compareFit(a: Choice, b: Choice, request: ClaimRequest): number {
  const left = ({ machine }: Choice): number => machine.gpus.length - machine.taken.length;
  const byGpu = request.gpu_count > 0 || request.gpu_uuids ? left(a) - left(b) : 0;
  // Who needs no GPU goes where GPUs are fewest, then where containers are fewest.
  const byWaste = request.gpu_count === 0 ? a.machine.gpus.length - b.machine.gpus.length : 0;
  return byGpu || byWaste || a.machine.containers - b.machine.containers;
}

/** The best machine that has the host ports too. CONFLICT where none has. */
async function firstWithPorts(
  sql: Sql,
  choices: readonly Choice[],
  request: ClaimRequest,
  before: readonly PortBinding[],
): Promise<Choice & { ports: PortBinding[] }> {
  for (const choice of choices) {
    const ports = await choosePorts(sql, choice.machine, request, before);
    if (ports) return { ...choice, ports };
  }
  const names = choices.map(({ machine }) => machine.name).join(", ");
  throw new DomainError("CONFLICT", `Every port of ${names} is taken: ask an admin to widen the port range.`);
}

/** Ports that stay keep their number: people have it in their ssh configuration. Null where too few are free. */
async function choosePorts(
  sql: Sql,
  machine: Candidate,
  request: ClaimRequest,
  before: readonly PortBinding[],
): Promise<PortBinding[] | null> {
  if (request.ports.length === 0) return [];
  const rows = await sql<{ protocol: string; host_port: number }>(
    "SELECT protocol, host_port FROM port_allocations WHERE machine_id = $1 AND container_id <> $2",
    [machine.machine_id, request.container_id],
  );
  const taken = new Set(rows.map((row) => `${row.protocol}/${row.host_port}`));
  const kept = new Map(before.map((port) => [`${port.protocol}/${port.container_port}`, port.host_port]));
  for (const port of request.ports) {
    const host = kept.get(`${port.protocol}/${port.container_port}`);
    if (host !== undefined) taken.add(`${port.protocol}/${host}`);
  }
  const bindings: PortBinding[] = [];
  for (const port of request.ports) {
    const host = kept.get(`${port.protocol}/${port.container_port}`) ?? nextFree(machine, port.protocol, taken);
    if (host === null) return null;
    taken.add(`${port.protocol}/${host}`);
    bindings.push({ ...port, host_port: host });
  }
  return bindings;
}

function nextFree(machine: Candidate, protocol: string, taken: Set<string>): number | null {
  for (let port = machine.port_first; port <= machine.port_last; port += 1) {
    if (!taken.has(`${protocol}/${port}`)) return port;
  }
  return null;
}

function noMachine(machines: Candidate[]): DomainError {
  const [only] = machines;
  if (!only) return new DomainError("UNPROCESSABLE", "There is no machine yet: an admin adds the first one.");
  return machines.length === 1
    ? new DomainError(
        "CONFLICT",
        `${only.name} takes no new containers (${only.runs_containers ? only.state : "it only builds"}).`,
      )
    : new DomainError("CONFLICT", "No machine takes new containers now: all are cordoned.");
}

const describe = (request: ClaimRequest): string =>
  request.gpu_uuids
    ? `GPU ${request.gpu_uuids.join(", ")}`
    : `${request.gpu_count} × ${request.gpu_type ?? "GPU"}${request.machine_id ? ` on ${request.machine_id}` : ""}`;

const neverFits = (request: ClaimRequest): DomainError =>
  new DomainError("UNPROCESSABLE", `No machine has ${describe(request)}: ask for fewer, or for another type.`);

function tooManyCpus(machines: Candidate[]): DomainError {
  const most = Math.max(...machines.map(({ cores }) => cores ?? 0));
  return new DomainError("UNPROCESSABLE", `No machine has so many cores: ask for ${most} cpus at most.`);
}

function busy(possible: Candidate[], request: ClaimRequest): DomainError {
  if (request.gpu_count === 0 && !request.gpu_uuids) {
    return new DomainError("CONFLICT", "No machine is online now: try again when one is back.");
  }
  return new DomainError("CONFLICT", `Not free now: ${describe(request)}.`, {
    machine_ids: possible.map((machine) => machine.machine_id),
  });
}
