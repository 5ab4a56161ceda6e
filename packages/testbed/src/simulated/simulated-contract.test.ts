import { afterAll, describe } from "vitest";
import { connectEngine } from "@berth/docker/connect-engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { describeEngineContract } from "../contract/engine-contract.ts";
import { rawRequests } from "../contract/raw-requests.ts";
import { parseReference } from "./images/image-reference.ts";
import { generationOf } from "./generation.ts";
import { SimulatedRegistry } from "./images/simulated-registry.ts";
import { startSimulatedEngine } from "./simulated-engine.ts";

const PULLABLE = "registry.test:5000/berth-test/busybox:derived";
const IMAGE = "berth-test/busybox:latest";

for (const generation of ["28.5", "20.10"] as const) {
  describe(`simulated ${generation}`, async () => {
    const registry = new SimulatedRegistry();
    registry.publish(parseReference(PULLABLE, generationOf(generation)));
    const simulated = await startSimulatedEngine({
      name: `contract-${generation}`,
      engine_id: `contract-${generation}`,
      generation,
      listen: { port: 0 },
      registry,
      images: [IMAGE],
    });
    afterAll(() => simulated.close());
    const address = parseEngineUrl(simulated.url, { allow_insecure: true });
    describeEngineContract(`simulated ${generation}`, async () => ({
      engine: connectEngine(address),
      image: IMAGE,
      pullable: PULLABLE,
      raw: rawRequests(address),
      wire: { host: "127.0.0.1", port: simulated.port ?? 0 },
    }));
  });
}
