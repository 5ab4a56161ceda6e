import { join } from "node:path";
import type { Db } from "@berth/db/client.ts";
import { writeRegistry } from "@berth/db/registry/record.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { splitAddress } from "@berth/registry/addresses.ts";
import { findBinary } from "@berth/registry/find-binary.ts";
import { isFirstNews } from "@berth/registry/first-news.ts";
import { endLeftovers } from "@berth/registry/leftovers.ts";
import { whyTaken } from "@berth/registry/port.ts";
import { registryFolder } from "@berth/registry/settings.ts";
import type { Launch } from "./run-berth.ts";
import { StartError } from "./start-error.ts";
import { SupervisedChild } from "./supervised-child.ts";

/** Berth runs without a registry too, so nothing waits longer for it. */
const PATIENCE_MS = 5_000;

export interface RegistryChild {
  script: string;
  env: Record<string, string | undefined>;
  keep: (child: SupervisedChild) => void;
}

/**
 * Starts the process that keeps the registry, and returns when it runs, can't be had, or takes its time. Throws a
 * StartError where another program has its port.
 */
export async function startRegistry(
  { environment, variables, say, signal }: Launch,
  { script, env, keep }: RegistryChild,
): Promise<void> {
  const { BERTH_DATA_DIR: dataDir, BERTH_REGISTRY: external, BERTH_REGISTRY_LISTEN: listen } = environment;
  if (external === undefined) {
    await endLeftovers(registryFolder(dataDir)); // of a start that was killed: it would have the port
    const hasBinary = (await findBinary(variables["PATH"] ?? "")) !== null;
    const obstacle = hasBinary ? await whyTaken(splitAddress(listen)) : null;
    if (obstacle !== null) throw new StartError(obstacle);
  }
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const logFile = join(dataDir, "logs", "registry.log");
  const onLine = (line: string): void => {
    if (isFirstNews(line)) resolve();
  };
  keep(new SupervisedChild({ name: "registry", script, env, logFile, say, onLine }));
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  patience.addEventListener("abort", () => resolve());
  await settled;
}

/** Where all machines are simulated, theirs is the registry. */
export async function recordSimulatedRegistry(db: Db, address: string): Promise<void> {
  await writeRegistry(prismaSql(db), {
    kind: "simulated",
    state: "running",
    address,
    url: `http://${address}`,
    ca: null,
    message: "",
  });
}
