import type { PortBinding } from "@berth/spec/container.ts";
import type { ContainerPort } from "@berth/spec/create-params.ts";
import type { Sql } from "../sql.ts";
import type { LedgerMachine } from "./ledger.ts";

/** Ports that stay keep their number: people have it in their ssh configuration. Null where too few are free. */
export async function choosePorts(
  sql: Sql,
  machine: LedgerMachine,
  request: { container_id: number; ports: readonly ContainerPort[] },
  before: readonly PortBinding[],
): Promise<PortBinding[] | null> {
  // What an earlier release stored says nothing of it.
  const ports = request.ports.filter(({ publish }) => publish ?? true);
  if (ports.length === 0) return [];
  const rows = await sql<{ protocol: string; host_port: number }>(
    "SELECT protocol, host_port FROM port_allocations WHERE machine_id = $1 AND container_id <> $2",
    [machine.machine_id, request.container_id],
  );
  const taken = new Set(rows.map((row) => `${row.protocol}/${row.host_port}`));
  const kept = new Map(before.map((port) => [`${port.protocol}/${port.container_port}`, port.host_port]));
  for (const port of ports) {
    const host = kept.get(`${port.protocol}/${port.container_port}`);
    if (host !== undefined) taken.add(`${port.protocol}/${host}`);
  }
  const bindings: PortBinding[] = [];
  for (const port of ports) {
    const host = kept.get(`${port.protocol}/${port.container_port}`) ?? nextFree(machine, port.protocol, taken);
    if (host === null) return null;
    taken.add(`${port.protocol}/${host}`);
    const { name, kind, protocol, container_port } = port;
    bindings.push({ name, kind, protocol, container_port, host_port: host });
  }
  return bindings;
}

function nextFree({ ports }: LedgerMachine, protocol: string, taken: Set<string>): number | null {
  for (let port = ports.first; port <= ports.last; port += 1) {
    if (!taken.has(`${protocol}/${port}`)) return port;
  }
  return null;
}
