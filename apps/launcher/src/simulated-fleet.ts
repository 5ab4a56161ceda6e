import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { SupervisedChild } from "./supervised-child.ts";

const FleetLine = z.object({
  machines: z.array(z.object({ name: z.string(), url: z.string() })),
  /** `host:port` */
  registry: z.string(),
});
export type FleetLine = z.infer<typeof FleetLine>;

const SCRIPT = fileURLToPath(import.meta.resolve("@berth/testbed/simulated/main.ts"));

export interface SimulatedFleet {
  child: SupervisedChild;
  /** Settles with the fleet's first line. */
  line: Promise<FleetLine>;
}

/** Starts `count` simulated GPU servers in a process of their own; what they hold is kept in the data dir. */
export function startSimulatedFleet(
  count: number,
  dataDir: string,
  env: Record<string, string | undefined>,
  say: (line: string) => void,
): SimulatedFleet {
  const { promise: line, resolve } = Promise.withResolvers<FleetLine>();
  const child = new SupervisedChild({
    name: "simulated machines",
    script: SCRIPT,
    env: { ...env, BERTH_SIMULATE: String(count), BERTH_SIMULATED_DATA_DIR: join(dataDir, "simulated") },
    logFile: join(dataDir, "logs", "simulated.log"),
    say,
    onLine: (line) => {
      if (line.startsWith('{"machines":')) resolve(FleetLine.parse(JSON.parse(line)));
    },
  });
  return { child, line };
}
