import type { TestProject } from "vitest/node";
import type { TlsClient } from "./certificates.ts";
import type { FleetDirectory } from "./fleet-directory.ts";
import type { EngineGeneration } from "./generations.ts";
import { findCapabilities } from "./requirements.ts";
import { type Fleet, startFleet } from "./start-fleet.ts";

/** Real engines that test files share, one after the other. Whoever stops or kills engines starts a fleet of its own instead. */
export interface ProvidedFleet {
  /** One of each generation that this machine can have. */
  engines: {
    name: string;
    generation: EngineGeneration;
    /** `tcp://ADDRESS:2376`, over mutual TLS with `tls`. */
    url: string;
    /** Where ports of its containers are reached. */
    address: string;
    socket_path: string;
    tls: TlsClient;
  }[];
  /** `HOST:PORT`, as every engine and the tests reach it: open to all, over plain HTTP. */
  registry: { address: string };
  /** For what a test adds to it and takes away again, such as a registry of its own. */
  directory: FleetDirectory;
}

declare module "vitest" {
  export interface ProvidedContext {
    /** One for each place in which files run; none where no engine can be had. Tests ask `sharedFleet()`. */
    fleets: ProvidedFleet[] | undefined;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { generations } = await findCapabilities();
  const engines = generations.map((generation) => ({ name: `docker-${generation.replace(".", "-")}`, generation }));
  const fleets: Fleet[] = [];
  const count = engines.length === 0 ? 0 : project.config.maxWorkers;
  for (let place = 0; place < count; place += 1) fleets.push(await startFleet({ engines }));
  project.provide("fleets", fleets.map(describeFleet));
  return async () => {
    await Promise.all(fleets.map((fleet) => fleet.close()));
  };
}

const describeFleet = ({ engines, registry, directory }: Fleet): ProvidedFleet => ({
  engines: engines.map(({ name, generation, url, address, socket_path, tls }) => {
    return { name, generation, url, address, socket_path, tls };
  }),
  registry: { address: registry.address },
  directory,
});
