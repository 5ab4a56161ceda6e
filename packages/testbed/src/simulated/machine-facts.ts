import { z } from "zod";

/** A GPU as `nvidia-smi` would tell it. Memory in MiB. */
export const SimulatedGpu = z.object({ uuid: z.string(), index: z.int(), type: z.string(), memory: z.int() });
export type SimulatedGpu = z.infer<typeof SimulatedGpu>;

/** One socket. */
const SimulatedCpu = z.object({ type: z.string(), cores: z.int() });
type SimulatedCpu = z.infer<typeof SimulatedCpu>;

/** The machine that an engine pretends to run on. */
export const MachineFacts = z.object({
  gpus: z.array(SimulatedGpu),
  cpus: z.array(SimulatedCpu).min(1),
  /** MiB */
  memory: z.int(),
  /** MiB */
  disk: z.object({ total: z.int(), free: z.int() }),
});
export type MachineFacts = z.infer<typeof MachineFacts>;

/** What `/info` carries beside Docker's own fields: nobody may take the machine for a real one. */
export function factLabels(facts: MachineFacts): string[] {
  return [
    "berth.simulated=true",
    `berth.gpus=${JSON.stringify(facts.gpus)}`,
    `berth.cpus=${JSON.stringify(facts.cpus)}`,
    `berth.disk=${JSON.stringify(facts.disk)}`,
  ];
}

export function coresOf(facts: MachineFacts): number {
  return facts.cpus.reduce((sum, cpu) => sum + cpu.cores, 0);
}
