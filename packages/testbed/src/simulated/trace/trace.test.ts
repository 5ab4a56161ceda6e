import { expect, onTestFinished, test } from "vitest";
import { PULL_TEST_IMAGE, TEST_IMAGE, TEST_IMAGE_CONFIG } from "../../fleet/test-image.ts";
import { generationOf } from "../generation.ts";
import { parseReference } from "../images/image-reference.ts";
import { SimulatedRegistry } from "../images/simulated-registry.ts";
import { startSimulatedEngine } from "../simulated-engine.ts";
import { readTrace } from "./read-trace.ts";
import { replayTrace } from "./replay.ts";

const REGISTRY = "registry.test:5000";

test.each(["28.5", "20.10"] as const)("a simulated %s answers what a real one answered", async (generation) => {
  const registry = new SimulatedRegistry();
  for (const name of [TEST_IMAGE, `${REGISTRY}/${PULL_TEST_IMAGE}`]) {
    registry.publish(parseReference(name, generationOf(generation)), TEST_IMAGE_CONFIG);
  }
  const engine = await startSimulatedEngine({
    name: "traced",
    engine_id: "traced",
    generation,
    listen: { port: 0 },
    registry,
    images: [TEST_IMAGE],
  });
  onTestFinished(() => engine.close());
  const words = { [REGISTRY]: "<registry>", [TEST_IMAGE]: "<image>", [engine.daemon.root_dir]: "<root>" };
  const wire = { host: "127.0.0.1", port: engine.port ?? 0 };
  expect(await replayTrace(readTrace(generation), wire, words)).toEqual([]);
});
