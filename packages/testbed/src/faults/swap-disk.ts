import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FleetEngine } from "../fleet/engine.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";

/**
 * Stops the engine, and starts it at the same address over another folder: as after a reinstall, or a missing disk. A folder
 * that is new has the test image on it before anyone reaches the engine there, so that containers could be made at once.
 */
export async function swapDisk(engine: FleetEngine, folder: string): Promise<void> {
  const machine = dirname(engine.log_file);
  const image = join(machine, "test-image.tar");
  await engine.docker("save", "-o", image, TEST_IMAGE);
  await engine.stop();
  const disk = join(machine, folder);
  const config = { ...(JSON.parse(readFileSync(engine.config_file, "utf8")) as object), "data-root": disk };
  const startWith = async (settings: object): Promise<void> => {
    writeFileSync(engine.config_file, JSON.stringify(settings));
    await engine.start();
  };
  if (!existsSync(disk)) {
    await startWith({ ...config, hosts: [`unix://${engine.socket_path}`] });
    await engine.docker("load", "-i", image);
    await engine.stop();
  }
  await startWith(config);
}
