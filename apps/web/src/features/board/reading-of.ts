import type { Gpu, Machine } from "@berth/spec/machine.ts";

/** What the machine's probe tells of a GPU now; null for what is not known. */
export function readingOf({ telemetry }: Machine, { uuid }: Gpu) {
  const told = telemetry?.stale === false ? telemetry.gpus.find((gpu) => gpu.uuid === uuid) : undefined;
  return {
    utilization: told?.utilization ?? null,
    memory_used: told?.memory_used ?? null,
    temperature: told?.temperature ?? null,
    /** Something computes there that is in no container of Berth's. */
    hasForeign: told?.used_by.some(({ container_id }) => container_id === null) ?? false,
  };
}
