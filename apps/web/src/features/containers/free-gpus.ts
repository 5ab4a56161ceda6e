import type { Machine } from "@berth/spec/machine.ts";
import { isFree } from "../board/gpu-state.ts";

export interface GpuOffer {
  type: string;
  /** That could be given now, of all that there are. */
  free: number;
  total: number;
  /** The most that one machine has: no container gets more. */
  most: number;
  /** Where some are free now. */
  places: { name: string; free: number }[];
}

/** By type, of the machines that take containers, or of one of them. */
export function offersOf(machines: readonly Machine[], machineId?: string): GpuOffer[] {
  const offers = new Map<string, GpuOffer>();
  for (const machine of machines) {
    if (!machine.runs_containers || (machineId !== undefined && machine.machine_id !== machineId)) continue;
    const here = new Map<string, number>();
    const freeHere = new Map<string, number>();
    for (const gpu of machine.gpus) {
      const offer = offers.get(gpu.type) ?? { type: gpu.type, free: 0, total: 0, most: 0, places: [] };
      here.set(gpu.type, (here.get(gpu.type) ?? 0) + 1);
      offer.total += 1;
      if (isFree(machine, gpu)) freeHere.set(gpu.type, (freeHere.get(gpu.type) ?? 0) + 1);
      offer.most = Math.max(offer.most, here.get(gpu.type) ?? 0);
      offers.set(gpu.type, offer);
    }
    for (const [type, free] of freeHere) {
      const offer = offers.get(type);
      if (!offer) continue;
      offer.free += free;
      offer.places.push({ name: machine.name, free });
    }
  }
  return [...offers.values()].toSorted((a, b) => b.free - a.free || a.type.localeCompare(b.type));
}
