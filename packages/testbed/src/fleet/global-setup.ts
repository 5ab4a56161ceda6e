import type { TestProject } from "vitest/node";
import type { TlsClient } from "./certificates.ts";
import type { FleetDirectory } from "./fleet-directory.ts";
import type { EngineGeneration } from "./generations.ts";
import { findCapabilities } from "./requirements.ts";
import { startFleet } from "./start-fleet.ts";

/** Real engines that the tests of a run share. Whoever stops or kills engines starts a fleet of its own instead. */
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
    /** Null where no engine can be had; `npm test` says why. */
    fleet: ProvidedFleet | null;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { generations } = await findCapabilities();
  if (generations.length === 0) {
    project.provide("fleet", null);
    return undefined;
  }
  const engines = generations.map((generation) => ({ name: `docker-${generation.replace(".", "-")}`, generation }));
  const fleet = await startFleet({ engines });
  project.provide("fleet", {
    engines: fleet.engines.map(({ name, generation, url, address, socket_path, tls }) => {
      return { name, generation, url, address, socket_path, tls };
    }),
    registry: { address: fleet.registry.address },
    directory: fleet.directory,
  });
  return fleet.close;
}
