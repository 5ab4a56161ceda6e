import type { Gpu } from "@berth/spec/machine.ts";
import type { GpuAsk, LedgerMachine } from "./ledger.ts";

/** GPUs that are promised to those who wait, by machine. */
export type Promised = ReadonlyMap<string, ReadonlySet<string>>;

export interface Choice {
  machine: LedgerMachine;
  gpu_uuids: string[];
}

export const wantsGpus = (ask: GpuAsk): boolean => ask.gpu_count > 0;

/** GPUs of the type, or the very ones, that are asked for: free or not. */
const matchingGpus = (machine: LedgerMachine, ask: GpuAsk): Gpu[] =>
  machine.gpus.filter(({ uuid, type }) =>
    ask.gpu_uuids ? ask.gpu_uuids.includes(uuid) : ask.gpu_type === null || type === ask.gpu_type,
  );

export const hasCores = (machine: LedgerMachine, { cpus }: Pick<GpuAsk, "cpus">): boolean =>
  machine.cores === null || (cpus ?? 0) <= machine.cores;

/** It has what is asked for, whoever holds it now. */
export const isCapable = (machine: LedgerMachine, ask: GpuAsk): boolean =>
  hasCores(machine, ask) && matchingGpus(machine, ask).length >= ask.gpu_count;

/** It takes this container: a new one only where no admin says otherwise. */
export const isOpenTo = (machine: LedgerMachine, ask: GpuAsk): boolean =>
  ask.isPlaced || (machine.state === "active" && machine.runs_containers);

/** What Berth chooses must be online; what a person named may come back. */
const isWithinReach = (machine: LedgerMachine, ask: GpuAsk): boolean => machine.online || ask.machine_id !== null;

/** Of those that were asked for, and that have what else it needs. */
export const mayServe = ({ machine_id }: LedgerMachine, ask: GpuAsk): boolean =>
  (ask.machine_id === null || ask.machine_id === machine_id) &&
  (ask.machine_ids === null || ask.machine_ids.includes(machine_id));

/** Where the container could run if what others hold were free. */
export const isUsable = (machine: LedgerMachine, ask: GpuAsk): boolean =>
  mayServe(machine, ask) && isOpenTo(machine, ask) && isWithinReach(machine, ask) && isCapable(machine, ask);

/** A container's own GPUs are free for it, and so is a share that nobody has taken. */
export function isGpuFree(machine: LedgerMachine, uuid: string, containerId: number): boolean {
  const holders = machine.holders.get(uuid) ?? [];
  if (holders.includes(containerId)) return true;
  return holders.length < (machine.shares.get(uuid) ?? 1) && !machine.foreign.has(uuid);
}

export const freeGpus = (machine: LedgerMachine, ask: GpuAsk, promised: Promised): Gpu[] =>
  matchingGpus(machine, ask).filter(
    ({ uuid }) =>
      isGpuFree(machine, uuid, ask.container_id) &&
      (machine.holders.get(uuid)?.includes(ask.container_id) || !promised.get(machine.machine_id)?.has(uuid)),
  );

/**
 * Where the container can run now, best first. Fullest fit first, so that whole machines stay free for big jobs; without
 * GPUs where GPUs are fewest, then where containers are fewest. `preferred` GPUs are taken first, and shared ones last.
 */
export function choose(
  machines: readonly LedgerMachine[],
  ask: GpuAsk,
  promised: Promised,
  preferred: readonly string[] = [],
): Choice[] {
  return machines
    .filter((machine) => isUsable(machine, ask))
    .flatMap((machine): Choice[] => {
      const free = freeGpus(machine, ask, promised);
      if (free.length < ask.gpu_count) return [];
      return [
        { machine, gpu_uuids: ask.gpu_uuids ? [...ask.gpu_uuids] : pick(machine, free, ask.gpu_count, preferred) },
      ];
    })
    .sort((a, b) => compareFit(a.machine, b.machine, ask));
}

function pick(machine: LedgerMachine, free: Gpu[], count: number, preferred: readonly string[]): string[] {
  const rank = ({ uuid }: Gpu): number => (preferred.includes(uuid) ? 0 : machine.shares.has(uuid) ? 2 : 1);
  return free
    .toSorted((a, b) => rank(a) - rank(b) || a.index - b.index)
    .slice(0, count)
    .map(({ uuid }) => uuid);
}

function compareFit(a: LedgerMachine, b: LedgerMachine, ask: GpuAsk): number {
  const left = (machine: LedgerMachine): number =>
    machine.gpus.filter(({ uuid }) => isGpuFree(machine, uuid, ask.container_id)).length;
  const byGpus = wantsGpus(ask) ? left(a) - left(b) : a.gpus.length - b.gpus.length;
  return byGpus || a.containers - b.containers;
}

/** Adds every GPU that one who waits could use to what is promised already: nobody after it may take one of them. */
export function promise(promised: Map<string, Set<string>>, machines: readonly LedgerMachine[], ask: GpuAsk): void {
  for (const machine of machines.filter((one) => isUsable(one, ask))) {
    const uuids = promised.get(machine.machine_id) ?? new Set();
    for (const { uuid } of matchingGpus(machine, ask)) uuids.add(uuid);
    promised.set(machine.machine_id, uuids);
  }
}
