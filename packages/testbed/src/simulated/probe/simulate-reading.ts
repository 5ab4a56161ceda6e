import type { ProbeReading } from "@berth/spec/telemetry.ts";
import { PROBE_NAME } from "@berth/spec/engine-names.ts";
import type { ContainerRecord } from "../containers/container-record.ts";
import type { Daemon } from "../daemon.ts";
import { diskOf } from "../disk.ts";
import { coresOf, type SimulatedGpu } from "../machine-facts.ts";

/** Of a GPU that nobody uses, watts and degrees; the rest comes with its work. */
const IDLE = { power: 24, temperature: 34 };
const BUSY = { power: 300, temperature: 42 };
const WAVE_MS = 300_000;

/** What a probe on this machine would print: busy where containers hold GPUs, and a little different each time. */
export function simulateReading(daemon: Daemon, seq: number): ProbeReading {
  const { facts, clock, engine_id } = daemon.options;
  const users = [...daemon.containers.values()].filter(
    ({ process, name }) => process !== null && !process.isOver && name !== PROBE_NAME,
  );
  const wave = (offset: number): number => 0.5 + 0.5 * Math.sin((clock.now() / WAVE_MS) * 2 * Math.PI + offset);
  const busy = Math.min(1, 0.02 + users.length * 0.08 * (0.6 + 0.4 * wave(1)));
  const taken = Math.round(facts.memory * Math.min(0.9, 0.03 + users.length * 0.06 * (0.8 + 0.2 * wave(2))));
  return {
    seq,
    time: Number(daemon.time.nowNs() / 1_000_000n),
    boot_id: `simulated-${engine_id}`.slice(0, 64),
    cpus: facts.cpus,
    load: Math.round(busy * coresOf(facts) * 100) / 100,
    busy: seq === 0 ? null : Math.round(busy * 1_000) / 1_000,
    memory: { total: facts.memory, free: facts.memory - taken },
    disk: diskOf(daemon),
    driver: facts.gpus.length > 0 ? "550.54.15" : null,
    gpu_error: null,
    gpus: facts.gpus.map((gpu) => readGpu(gpu, users, wave)),
  };
}

function readGpu(
  { index, uuid, type, memory }: SimulatedGpu,
  users: ContainerRecord[],
  wave: (offset: number) => number,
): ProbeReading["gpus"][number] {
  const computing = users.filter(({ process }) => process?.options.gpus.some((granted) => granted.uuid === uuid));
  const share = computing.length === 0 ? 0 : 0.55 + 0.4 * wave(index);
  const used = Math.round(memory * 0.85 * share);
  return {
    index,
    uuid,
    type,
    memory,
    memory_used: used + 3,
    utilization: Math.round(100 * share),
    temperature: Math.round(IDLE.temperature + BUSY.temperature * share),
    power: Math.round((IDLE.power + BUSY.power * share) * 100) / 100,
    processes: computing.map(({ id, pid }) => ({
      pid,
      memory: Math.round(used / computing.length),
      container_id: id,
    })),
  };
}
