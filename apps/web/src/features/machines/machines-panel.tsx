import type { Machine } from "@berth/spec/machine.ts";
import { useQuery } from "@tanstack/react-query";
import { Badge, SimulatedBadge } from "../../components/badge.tsx";
import { Failure } from "../../components/failure.tsx";
import { useTRPC } from "../../lib/trpc.ts";

const REFRESH_MS = 3_000;

export function MachinesPanel() {
  const trpc = useTRPC();
  const machines = useQuery(trpc.machine.list.queryOptions({ limit: 200 }, { refetchInterval: REFRESH_MS }));
  return (
    <section aria-labelledby="machines">
      <h2 id="machines">Machines</h2>
      {machines.error && <Failure error={machines.error} onRetry={() => void machines.refetch()} />}
      {machines.isPending && <p className="quiet">Loading machines…</p>}
      {machines.data?.items.length === 0 && (
        <p className="quiet">No machine yet. An admin adds the first GPU server by its Docker address.</p>
      )}
      <ul className="cards">
        {machines.data?.items.map((machine) => (
          <MachineCard key={machine.machine_id} machine={machine} />
        ))}
      </ul>
    </section>
  );
}

function MachineCard({ machine }: { machine: Machine }) {
  const trouble = machine.conditions.filter((condition) => condition.message !== "");
  return (
    <li className="card">
      <header>
        <strong>{machine.name}</strong>
        {machine.simulated && <SimulatedBadge />}
        <Badge tone={machine.online ? "good" : "bad"}>{machine.online ? "online" : "offline"}</Badge>
        {machine.state !== "active" && <Badge tone="quiet">{machine.state}</Badge>}
      </header>
      <p className="quiet">{factsOf(machine)}</p>
      {machine.gpus.length > 0 && (
        <ul className="gpus" aria-label={`GPUs of ${machine.name}`}>
          {machine.gpus.map((gpu) => {
            const isTaken = machine.gpus_taken.includes(gpu.uuid);
            return (
              <li key={gpu.uuid} className={isTaken ? "taken" : "free"} title={`${gpu.type}, ${gpu.memory} MiB`}>
                {gpu.index} {isTaken ? "taken" : "free"}
              </li>
            );
          })}
        </ul>
      )}
      {trouble.map((condition) => (
        <p key={condition.type} className="trouble">
          {condition.message}
        </p>
      ))}
    </li>
  );
}

function factsOf(machine: Machine): string {
  const cores = machine.cpus.length > 0 ? machine.cpus.reduce((sum, cpu) => sum + cpu.cores, 0) : machine.cores;
  const [gpu] = machine.gpus;
  return [
    gpu && `${machine.gpus.length} × ${gpu.type}`,
    cores !== null && `${cores} cores`,
    machine.memory && `${Math.round(machine.memory.total / 1024)} GiB`,
    machine.engine_version && `Docker ${machine.engine_version}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
