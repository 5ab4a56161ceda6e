import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "../../fleet/shared-fleet.ts";
import { startFleet } from "../../fleet/start-fleet.ts";
import { TEST_IMAGE } from "../../fleet/test-image.ts";
import { readTrace } from "./read-trace.ts";
import { replayTrace } from "./replay.ts";

describe.each(["28.5", "20.10"] as const)("a trace of a real %s", (generation) => {
  const isThere = sharedFleet()?.engines.some((engine) => engine.generation === generation);

  /** An engine of its own: what others do on it meanwhile would be told. */
  test.skipIf(!isThere)("is what it answers", async () => {
    const fleet = await startFleet({ engines: [{ name: `trace-${generation.replace(".", "-")}`, generation }] });
    onTestFinished(() => fleet.close());
    const socketPath = fleet.engines[0]?.socket_path ?? "";
    const root = join(dirname(socketPath), "data");
    const words = { [fleet.registry.address]: "<registry>", [TEST_IMAGE]: "<image>", [root]: "<root>" };
    expect(await replayTrace(readTrace(generation), { socketPath }, words)).toEqual([]);
  });
});
