import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runDockerCli } from "../../fleet/docker-cli.ts";
import { sharedFleet } from "../../fleet/shared-fleet.ts";
import { TEST_IMAGE } from "../../fleet/test-image.ts";
import { readTrace } from "./read-trace.ts";
import { replayTrace } from "./replay.ts";
import { CONTAINER_NAMES, VOLUME_NAME } from "./story.ts";

const fleet = sharedFleet();

describe.skipIf(fleet === null)("a trace of real engines", () => {
  test.each(["28.5", "20.10"] as const)("is what a real %s answers", async (generation) => {
    const engine = fleet?.engines.find((other) => other.generation === generation);
    if (!fleet || !engine) return;
    const docker = (...args: string[]) => runDockerCli(engine.socket_path, args);
    onTestFinished(async () => {
      await docker("rm", "--force", ...CONTAINER_NAMES);
      await docker("volume", "rm", "--force", VOLUME_NAME);
    });
    const root = join(dirname(engine.socket_path), "data");
    const words = { [fleet.registry.address]: "<registry>", [TEST_IMAGE]: "<image>", [root]: "<root>" };
    const wire = { socketPath: engine.socket_path };
    expect(await replayTrace(readTrace(generation), wire, words)).toEqual([]);
  });
});
