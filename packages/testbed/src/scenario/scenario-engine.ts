import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineTls } from "@berth/spec/machine.ts";
import { runDockerCli } from "../fleet/docker-cli.ts";
import type { ProvidedFleet } from "../fleet/global-setup.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { parseReference } from "../simulated/images/image-reference.ts";
import { type GenerationName, generationOf } from "../simulated/generation.ts";
import type { Onlooker } from "../simulated/daemon.ts";
import { serveRegistry } from "../simulated/images/registry-server.ts";
import { SimulatedRegistry } from "../simulated/images/simulated-registry.ts";
import {
  type SimulatedEngine,
  type SimulatedEngineOptions,
  startSimulatedEngine,
} from "../simulated/simulated-engine.ts";

/** An engine that scenarios run on, with {@link TEST_IMAGE} on it. */
export interface ScenarioEngine {
  name: string;
  simulated: boolean;
  /** How a machine is added with it. */
  endpoint: { url: string; tls?: EngineTls };
  socket_path: string;
  /** Where ports of its containers are reached; null where nothing really listens. */
  address: string | null;
  /** `HOST:PORT` of a registry that it pulls from and pushes to. */
  registry: string;
  /** Docker's own command line: edits by hand, and looks at what really is there. Answers its stdout, trimmed. */
  docker(...args: string[]): Promise<string>;
  close(): Promise<void>;
}

/** One in this process, whose faults a test sets. */
export interface ScenarioSimulation extends ScenarioEngine {
  /** The one that answers now: a restart puts another one in its place, without faults. */
  readonly simulation: SimulatedEngine;
  /** Ends the engine and starts it again at the same address, with all that it holds; as another Docker's where that is named. */
  restart(generation?: GenerationName): Promise<void>;
}

export const SIMULATED_GPUS = [0, 1].map((index) => {
  return { uuid: `GPU-scenario-${index}`, index, type: "RTX 4090", memory: 24_564 };
});

export function realEngine(fleet: ProvidedFleet, engine: ProvidedFleet["engines"][number]): ScenarioEngine {
  const { name, url, tls, address, socket_path } = engine;
  return {
    name,
    simulated: false,
    endpoint: { url, tls },
    socket_path,
    address,
    registry: fleet.registry.address,
    docker: dockerOf(socket_path),
    close: () => Promise.resolve(),
  };
}

/**
 * Has the two GPUs of {@link SIMULATED_GPUS}. Where its registry `isServed`, Berth's own processes reach that, too. The
 * onlooker sees the engines of all restarts.
 */
export async function startScenarioSimulation(
  name: string,
  { isServed = false, onlooker }: { isServed?: boolean; onlooker?: Onlooker } = {},
): Promise<ScenarioSimulation> {
  const folder = await mkdtemp(join(tmpdir(), "berth-simulated-"));
  const socket_path = join(folder, "docker.sock");
  const images = new SimulatedRegistry();
  const served = isServed ? await serveRegistry(images) : null;
  const registry = served?.address ?? "registry.simulated:5000";
  images.publish(parseReference(`${registry}/berth-test/busybox:derived`, generationOf("28.5")));
  const options: SimulatedEngineOptions = {
    name,
    engine_id: `SIMULATED:${name}`,
    listen: { socket_path },
    facts: { gpus: SIMULATED_GPUS },
    registry: images,
    images: [TEST_IMAGE],
    state_file: join(folder, "state.json"),
    ...(onlooker && { onlooker }),
  };
  const start = async (generation: GenerationName = "28.5"): Promise<SimulatedEngine> => {
    const started = await startSimulatedEngine({ ...options, generation });
    started.faults.list_lag_ms = 20;
    return started;
  };
  let simulation = await start();
  return {
    name,
    simulated: true,
    endpoint: { url: simulation.url },
    get simulation() {
      return simulation;
    },
    async restart(generation) {
      await simulation.close();
      simulation = await start(generation);
    },
    socket_path,
    address: null,
    registry,
    docker: dockerOf(socket_path),
    async close() {
      await simulation.close();
      await served?.close();
      await rm(folder, { recursive: true });
    },
  };
}

const dockerOf =
  (socketPath: string): ScenarioEngine["docker"] =>
  async (...args) =>
    (await runDockerCli(socketPath, args)).trim();
