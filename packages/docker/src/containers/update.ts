import type { CallOptions, ContainerLimits } from "../engine.ts";
import { engineInfo } from "../system/info.ts";
import type { EngineLink } from "../transport/engine-link.ts";
import { checkedContainerId } from "../wire/names.ts";
import { Nothing } from "./state.ts";

const UPDATE_MS = 30_000;

/**
 * To Docker's update a zero means "leave it as it is" and -1 is refused, so a limit of memory is lifted by one that no
 * machine can reach.
 */
const NO_MEMORY_LIMIT = 2 ** 60;

/** Whether a container's memory limit is none at all, as Docker or as {@link updateContainer} says it. */
export function isUnlimited(memoryBytes: number): boolean {
  return memoryBytes <= 0 || memoryBytes >= NO_MEMORY_LIMIT;
}

export async function updateContainer(
  link: EngineLink,
  id: string,
  limits: ContainerLimits,
  options: CallOptions | undefined,
): Promise<void> {
  const container = checkedContainerId(id);
  const memory = limits.memory_bytes > 0 ? limits.memory_bytes : NO_MEMORY_LIMIT;
  const parameters = {
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: limits.nano_cpus > 0 ? limits.nano_cpus : await allCores(link, options),
  };
  await link.call((docker) => docker.getContainer(container).update(parameters), Nothing, options, UPDATE_MS);
}

/** A limit of cores cannot be taken away either, only raised to all that there are; more than those is refused. */
async function allCores(link: EngineLink, options: CallOptions | undefined): Promise<number> {
  const { ncpu } = await engineInfo(link, options);
  return ncpu * 1_000_000_000;
}
