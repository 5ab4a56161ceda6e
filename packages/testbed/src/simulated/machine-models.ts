import { digestOf } from "./hex-id.ts";
import type { MachineFacts, SimulatedGpu } from "./machine-facts.ts";

/** The machines of a lab as one finds them. The number makes two of one model different. */
export const MODELS: readonly ((number: number) => MachineFacts)[] = [
  (number) => ({
    gpus: gpus(number, 4, "NVIDIA GeForce RTX 4090", 24_564),
    cpus: sockets(1, "AMD EPYC 7543 32-Core Processor", 32),
    memory: 257_630,
    disk: { total: 1_831_420, free: 1_204_118 },
  }),
  (number) => ({
    gpus: gpus(number, 8, "NVIDIA A100-SXM4-80GB", 81_920),
    cpus: sockets(2, "AMD EPYC 7763 64-Core Processor", 64),
    memory: 1_031_514,
    disk: { total: 7_325_720, free: 3_918_402 },
  }),
  (number) => ({
    gpus: gpus(number, 2, "NVIDIA GeForce RTX 3060", 12_288),
    cpus: sockets(1, "Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz", 8),
    memory: 64_138,
    disk: { total: 937_348, free: 512_870 },
  }),
  (number) => ({
    gpus: gpus(number, 4, "NVIDIA L40S", 46_068),
    cpus: sockets(2, "Intel(R) Xeon(R) Gold 6430", 32),
    memory: 515_420,
    disk: { total: 3_662_830, free: 2_871_300 },
  }),
];

function gpus(machine: number, count: number, type: string, memory: number): SimulatedGpu[] {
  return Array.from({ length: count }, (_, index) => ({ uuid: gpuUuid(machine, index), index, type, memory }));
}

function sockets(count: number, type: string, cores: number): MachineFacts["cpus"] {
  return Array.from({ length: count }, () => ({ type, cores }));
}

/** As NVIDIA writes them, and the same at every start. */
function gpuUuid(machine: number, index: number): string {
  const hex = digestOf("gpu", String(machine), String(index)).slice("sha256:".length);
  const [a, b, c, d, e] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return `GPU-${a}-${b}-${c}-${d}-${e}`;
}
