import type { Machine } from "@berth/spec/machine.ts";
import { isFree } from "./gpu-state.ts";

/** What of the board is looked at, as the address of the page has it. */
export interface BoardFilter {
  q?: string | undefined;
  type?: string | undefined;
  free?: true | undefined;
}

/** Those by that name, or on which somebody of that name holds a GPU; with such a GPU, which is free where that is asked. */
export function filterMachines(machines: readonly Machine[], { q, type, free }: BoardFilter): Machine[] {
  const wanted = q?.trim().toLowerCase() ?? "";
  return machines.filter((machine) => {
    const isNamed =
      machine.name.toLowerCase().includes(wanted) ||
      machine.gpus_held.some(({ account, name }) => account.includes(wanted) || name?.toLowerCase().includes(wanted));
    if (!isNamed || (type === undefined && !free)) return isNamed;
    return machine.gpus.some((gpu) => (type === undefined || gpu.type === type) && (!free || isFree(machine, gpu)));
  });
}
