import type { Gpu, GpuHolding, Machine } from "@berth/spec/machine.ts";

/** Whoever came first is first. */
export const holdingsOf = ({ gpus_held }: Machine, { uuid }: Gpu): GpuHolding[] =>
  gpus_held.filter((holding) => holding.uuid === uuid);

/** How many containers may hold it at once. */
export const placesOf = ({ shared_gpus }: Machine, { uuid }: Gpu): number => shared_gpus[uuid] ?? 1;

const takesContainers = ({ online, state, runs_containers }: Machine): boolean =>
  online && state === "active" && runs_containers;

/** Somebody could be given it now, or a place on it. */
export const isFree = (machine: Machine, gpu: Gpu): boolean =>
  takesContainers(machine) &&
  !machine.gpus_foreign.includes(gpu.uuid) &&
  holdingsOf(machine, gpu).length < placesOf(machine, gpu);

export type GpuState = "free" | "taken" | "foreign" | "closed";

/** `closed`: nobody holds it, and nobody is given it as things are. */
export function stateOf(machine: Machine, gpu: Gpu): GpuState {
  if (machine.gpus_foreign.includes(gpu.uuid)) return "foreign";
  if (isFree(machine, gpu)) return "free";
  return holdingsOf(machine, gpu).length > 0 ? "taken" : "closed";
}
