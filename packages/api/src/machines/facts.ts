import type { EngineInfo } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { Capacity, Cpu } from "@berth/spec/capacity.ts";
import { Gpu } from "@berth/spec/machine.ts";
import { z } from "zod";

const MIB = 1024 * 1024;

const SIMULATED = "berth.simulated";

/** Facts that a simulated engine tells in labels, as JSON. */
const SimulatedFacts = z.object({
  gpus: z.array(Gpu).default([]),
  cpus: z.array(Cpu).default([]),
  disk: Capacity.nullable().default(null),
});

export interface MachineFacts {
  simulated: boolean;
  engine_version: string;
  gpus: Gpu[];
  cpus: Cpu[];
  cores: number;
  memory: Capacity;
  disk: Capacity | null;
}

/**
 * What `/info` tells of a machine. GPUs, sockets and disks it does not know: on a real machine the probe finds them
 * later, and labels that claim them are not believed; a simulated one is known by its labels alone.
 */
export function readFacts(info: EngineInfo): MachineFacts {
  const simulated = info.labels[SIMULATED] === "true";
  return {
    simulated,
    engine_version: info.version,
    cores: info.ncpu,
    memory: { total: Math.floor(info.memory_bytes / MIB), free: null },
    ...(simulated ? readSimulatedFacts(info.labels) : { gpus: [], cpus: [], disk: null }),
  };
}

function readSimulatedFacts(labels: Record<string, string>): z.infer<typeof SimulatedFacts> {
  const facts = ["gpus", "cpus", "disk"].flatMap((name) => {
    const text = labels[`berth.${name}`];
    return text === undefined ? [] : [[name, parseJson(text)]];
  });
  const parsed = SimulatedFacts.safeParse(Object.fromEntries(facts));
  if (parsed.success) return parsed.data;
  const issues = z.prettifyError(parsed.error);
  throw new DomainError("UNPROCESSABLE", `The simulated engine's labels don't describe a machine: ${issues}`);
}

/** The text itself where it is not JSON: the schema refuses it then, by its name. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
