import { z } from "zod";
import type { CallOptions, ContainerStats } from "../engine.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId } from "../wire/names.ts";

const STATS_MS = 30_000;
/** Readings of more containers than an engine runs; the oldest goes first. */
const MAX_READINGS = 2_000;

/** All of it is zero or absent for a container that does not run. */
const Stats = z.object({
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: z.number().default(0) }),
    system_cpu_usage: z.number().default(0),
    online_cpus: z.number().default(0),
  }),
  memory_stats: z.object({
    usage: z.number().default(0),
    limit: z.number().default(0),
    stats: z.record(z.string(), z.number()).default({}),
  }),
  pids_stats: z.object({ current: z.number().default(0) }).default({ current: 0 }),
});

/** What one reading says of the processor: nanoseconds used, by the container and by the whole machine. */
interface CpuReading {
  container: number;
  system: number;
}

/** The previous readings of one engine's containers; an engine that is to answer at once keeps none itself. */
export type CpuReadings = Map<string, CpuReading>;

export async function containerStats(
  link: EngineLink,
  readings: CpuReadings,
  id: string,
  options: CallOptions | undefined,
): Promise<ContainerStats> {
  const container = checkedContainerId(id);
  const parameters = { stream: false, "one-shot": true } as const;
  const { cpu_stats, memory_stats, pids_stats } = await link.call(
    (docker) => docker.getContainer(container).stats(parameters),
    Stats,
    options,
    STATS_MS,
  );
  const reading = { container: cpu_stats.cpu_usage.total_usage, system: cpu_stats.system_cpu_usage };
  const previous = readings.get(container);
  remember(readings, container, reading);
  return {
    cpu_cores: coresBetween(previous, reading, cpu_stats.online_cpus),
    memory_bytes: Math.max(0, memory_stats.usage - reclaimable(memory_stats.stats)),
    memory_limit_bytes: memory_stats.limit,
    pids: pids_stats.current,
  };
}

/** Null at the first reading, and across a restart of the container, which counts from zero. */
function coresBetween(before: CpuReading | undefined, now: CpuReading, onlineCpus: number): number | null {
  if (!before || now.container < before.container || now.system <= before.system) return null;
  return ((now.container - before.container) / (now.system - before.system)) * onlineCpus;
}

/** File cache that the kernel would give back, as `docker stats` subtracts it (cgroup v1, then v2). */
function reclaimable(stats: Record<string, number>): number {
  return stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
}

function remember(readings: CpuReadings, container: string, reading: CpuReading): void {
  readings.delete(container);
  readings.set(container, reading);
  if (readings.size <= MAX_READINGS) return;
  for (const oldest of readings.keys()) {
    readings.delete(oldest);
    return;
  }
}
