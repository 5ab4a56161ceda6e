import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runDockerCli } from "../../fleet/docker-cli.ts";
import { sharedFleet } from "../../fleet/shared-fleet.ts";
import { TEST_IMAGE } from "../../fleet/test-image.ts";
import { readTrace } from "./read-trace.ts";
import { replayTrace } from "./replay.ts";
import { CONTAINER_NAMES, VOLUME_NAME } from "./story.ts";

const fleet = sharedFleet();

describe.each(["28.5", "20.10"] as const)("a trace of a real %s", (generation) => {
  const engine = fleet?.engines.find((other) => other.generation === generation);

  test.skipIf(!engine)("is what it answers", async () => {
    const socketPath = engine?.socket_path ?? "";
    const docker = (...args: string[]) => runDockerCli(socketPath, args);
    onTestFinished(async () => {
      await docker("rm", "--force", ...CONTAINER_NAMES);
      await docker("volume", "rm", "--force", VOLUME_NAME);
    });
    const root = join(dirname(socketPath), "data");
    const words = { [fleet?.registry.address ?? ""]: "<registry>", [TEST_IMAGE]: "<image>", [root]: "<root>" };
    expect(await replayTrace(readTrace(generation), { socketPath }, words)).toEqual([]);
  });
});
