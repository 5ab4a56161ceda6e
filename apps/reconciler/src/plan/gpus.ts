import type { Gpu } from "@berth/spec/machine.ts";
import type { ProbeGpu, ProbeReading } from "@berth/spec/telemetry.ts";

/** What is known of a machine's GPUs, from one reading to the next. */
export interface KnownGpus {
  /** By index. New containers may be given these. */
  gpus: Gpu[];
  /** uuids that were there since the machine booted, and are not any more; sorted. */
  missing: string[];
  /** uuids that are used from outside Berth; sorted. */
  foreign: string[];
  boot_id: string | null;
  /** By uuid, for how many readings in a row it has been used otherwise than `foreign` says. */
  doubts: ReadonlyMap<string, number>;
}

/** What Berth itself knows of who may use which GPU. */
export interface GpuClaims {
  /** uuids that containers hold. */
  held: ReadonlySet<string>;
  /** Whether the engine container is Berth's, and holds that GPU. */
  mayUse: (engineId: string, uuid: string) => boolean;
}

/** A process that ends, or a container that was just made, must not make a GPU another's for a moment. */
const READINGS_TO_BELIEVE = 2;
/** NVIDIA's tool is there, and says that no GPU is. */
const NO_DEVICES = /No devices were found/i;
/** The driver was exchanged under a running container, or its devices were taken away: a new container may have them. */
const LOST = /Driver\/library version mismatch|Failed to initialize NVML/i;

export const isNvmlLost = ({ gpu_error }: Pick<ProbeReading, "gpu_error">): boolean =>
  gpu_error !== null && LOST.test(gpu_error);

/** Why the GPUs can't be told by this reading, or null. */
export const whyNoGpus = ({ gpu_error }: Pick<ProbeReading, "gpu_error">): string | null =>
  gpu_error === null || NO_DEVICES.test(gpu_error) ? null : gpu_error;

/**
 * What is known after one more reading. One that can't tell leaves what is known; one without NVIDIA's tool tells nothing
 * of GPUs that are known to be there, unless the machine booted since.
 */
export function nextGpus(known: KnownGpus, reading: ProbeReading, claims: GpuClaims): KnownGpus {
  const hasBooted = reading.boot_id !== known.boot_id && known.boot_id !== null;
  const isMute = reading.driver === null && reading.gpu_error === null && reading.gpus.length === 0;
  if (whyNoGpus(reading) !== null || (isMute && !hasBooted))
    return { ...known, boot_id: known.boot_id ?? reading.boot_id };
  const seen = new Map(reading.gpus.map((gpu) => [gpu.uuid, gpu]));
  const before = new Set([...known.gpus.map(({ uuid }) => uuid), ...known.missing]);
  // What somebody took out while the machine was off is missed only by who holds it.
  const missed = [...before].filter((uuid) => !seen.has(uuid) && (!hasBooted || isMute || claims.held.has(uuid)));
  return {
    gpus: [...seen.values()].map(toGpu).sort((a, b) => a.index - b.index),
    missing: missed.sort(),
    boot_id: reading.boot_id,
    ...nextForeign(known, [...seen.values()], claims),
  };
}

const toGpu = ({ uuid, index, type, memory }: ProbeGpu): Gpu => ({
  uuid,
  index,
  type,
  memory: Math.round(memory ?? 0),
});

function nextForeign(
  known: KnownGpus,
  seen: readonly ProbeGpu[],
  { mayUse }: GpuClaims,
): Pick<KnownGpus, "foreign" | "doubts"> {
  const foreign: string[] = [];
  const doubts = new Map<string, number>();
  for (const { uuid, processes } of seen) {
    const was = known.foreign.includes(uuid);
    const is = processes.some(({ container_id }) => container_id === null || !mayUse(container_id, uuid));
    const count = was === is ? 0 : (known.doubts.get(uuid) ?? 0) + 1;
    const isBelieved = count >= READINGS_TO_BELIEVE;
    if (count > 0 && !isBelieved) doubts.set(uuid, count);
    if (isBelieved ? is : was) foreign.push(uuid);
  }
  return { foreign: foreign.sort(), doubts };
}
