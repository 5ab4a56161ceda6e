import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import { coresOf } from "../machine-facts.ts";

const LEAST_MEMORY = 6 * 1024 * 1024;

interface Limits {
  Memory?: number | null | undefined;
  MemorySwap?: number | null | undefined;
  NanoCpus?: number | null | undefined;
}

/** Throws what Docker says of limits that no machine, or not this one, can give. */
export function checkLimits(daemon: Daemon, { Memory, MemorySwap, NanoCpus }: Limits): void {
  const memory = Memory ?? 0;
  const swap = MemorySwap ?? 0;
  if (memory > 0 && memory < LEAST_MEMORY) throw new DockerError(400, "Minimum memory limit allowed is 6MB");
  if (memory > 0 && swap > 0 && swap < memory) {
    throw new DockerError(400, "Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (memory === 0 && swap > 0) {
    throw new DockerError(400, "You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  const cores = coresOf(daemon.options.facts);
  const cpus = NanoCpus ?? 0;
  if (cpus < 0 || cpus > cores * 1e9) {
    const first = daemon.generation.isModern ? "range" : "Range";
    const message = `${first} of CPUs is from 0.01 to ${cores}.00, as there are only ${cores} CPUs available`;
    throw new DockerError(400, message);
  }
}
