import { describe, expect, onTestFinished, test } from "vitest";
import { REGISTRY_BINARY, startOwnRegistry } from "../../registry/own-registry.ts";
import { tellReadOnlyStory, tellRegistryStory } from "./registry-contract.fixture.ts";
import { serveRegistry } from "./registry-server.ts";
import { SimulatedRegistry } from "./simulated-registry.ts";

describe.skipIf(REGISTRY_BINARY === null)("the simulated registry", () => {
  test("answers what distribution answers", async () => {
    const real = await startOwnRegistry();
    onTestFinished(real.remove);
    const registry = new SimulatedRegistry();
    const simulated = await serveRegistry(registry);
    onTestFinished(simulated.close);
    expect(await tellRegistryStory(simulated.address)).toEqual(await tellRegistryStory(real.address));
    registry.isReadOnly = true;
    await real.restart({ isReadOnly: true });
    expect(await tellReadOnlyStory(simulated.address)).toEqual(await tellReadOnlyStory(real.address));
  });
});
