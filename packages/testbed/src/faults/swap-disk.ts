import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FleetEngine } from "../fleet/engine.ts";

/** Stops the engine, and starts it at the same address over another folder: as after a reinstall, or a missing disk. */
export async function swapDisk(engine: FleetEngine, folder: string): Promise<void> {
  await engine.stop();
  const file = join(dirname(engine.log_file), "daemon.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...config, "data-root": join(dirname(engine.log_file), folder) }));
  await engine.start();
}
