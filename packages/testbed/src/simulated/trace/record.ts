import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { startFleet } from "../../fleet/start-fleet.ts";
import { TEST_IMAGE } from "../../fleet/test-image.ts";
import { startRecorder } from "./recorder.ts";
import { tellStory } from "./story.ts";

/** Writes the traces anew, on real engines of its own: for when Berth asks something else, or something new. */
const GENERATIONS = ["20.10", "28.5"] as const;

const fleet = await startFleet({
  engines: GENERATIONS.map((generation) => ({ name: `trace-${generation.replace(".", "-")}`, generation })),
});
try {
  const registry = fleet.registry.address;
  for (const { generation, socket_path: socketPath } of fleet.engines) {
    const path = join(fleet.folder, `recorder-${generation}.sock`);
    const folder = dirname(socketPath);
    const folders = { [join(folder, "data")]: "<root>", [join(folder, "run")]: "<run>" };
    const words = { [registry]: "<registry>", [TEST_IMAGE]: "<image>", ...folders };
    const recorder = await startRecorder({ socketPath }, path, words);
    const engine = connectEngine({ kind: "unix", path });
    await tellStory(engine, TEST_IMAGE, registry);
    engine.close();
    await recorder.close();
    const file = new URL(`docker-${generation}.json`, import.meta.url);
    await writeFile(file, `${JSON.stringify(recorder.exchanges, null, 2)}\n`);
  }
} finally {
  await fleet.close();
}
