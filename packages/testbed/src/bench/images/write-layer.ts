import { runCommand } from "../../fleet/run-command.ts";
import type { ScenarioEngine } from "../../scenario/scenario-engine.ts";

/** Content that nobody has and nothing compresses, written out: it is not measured as part of what follows. */
export async function writeLayer(engine: ScenarioEngine, container: string, megabytes: number): Promise<void> {
  const script = `dd if=/dev/urandom of=/layer bs=1048576 count=${megabytes} 2> /dev/null`;
  await engine.docker("exec", container, "sh", "-c", script);
  await settleDisk();
}

/** Waits until what was written before is on the disk. */
export const settleDisk = (): Promise<unknown> => runCommand("sync", []);
