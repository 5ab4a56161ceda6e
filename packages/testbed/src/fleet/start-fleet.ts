import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAuthority, issueClientCertificate, issueServerCertificate } from "./certificates.ts";
import { runDockerCli } from "./docker-cli.ts";
import { FleetEngine } from "./engine.ts";
import { claimFleetDirectory, FLEETS_LOCK, type FleetDirectory } from "./fleet-directory.ts";
import type { EngineGeneration } from "./generations.ts";
import { packForLoad } from "./image-archive.ts";
import { withLock } from "./lock.ts";
import { Machine } from "./machine.ts";
import { createBridge, engineAddress, otherAddress, fleetNetwork } from "./network.ts";
import { pushImage } from "./push-image.ts";
import { logFile, spawnRecorded } from "./recorded-process.ts";
import { FleetRegistry } from "./registry.ts";
import { rootFileSystemOf } from "./root-file-system.ts";
import { sweepDeadFleets, WATCHDOG } from "./tear-down.ts";
import { buildTestImages } from "./test-image.ts";

export interface FleetRequest {
  engines: {
    /** Also the engine's host name. Unique in the fleet. */
    name: string;
    generation: EngineGeneration;
    /** Whether containers outlive dockerd (default false). */
    live_restore?: boolean;
    /** Whether it listens on its socket alone, as Docker does that was just installed (default false). */
    on_socket_only?: boolean;
    /** MiB of a small disk of Docker's own, on generation 20.10 only; its root file system has what makes one. */
    disk_mib?: number;
  }[];
}

export interface Fleet {
  /** Holds all files of the fleet, logs among them. */
  folder: string;
  /** For what a test adds to it. */
  directory: FleetDirectory;
  /** In the order in which they were asked for. */
  engines: FleetEngine[];
  /** Every engine reaches it by the same address, over plain HTTP. */
  registry: FleetRegistry;
  /** Takes all of it away, and resolves when nothing is left. Happens as well when this process ends, however it ends. */
  close(): Promise<void>;
}

/**
 * Starts real Docker engines, each on a machine of its own, with the test image on every one. Needs what
 * `prepareMachine` of `prepare.ts` provides. Several fleets may run side by side.
 */
export async function startFleet(request: FleetRequest): Promise<Fleet> {
  await sweepDeadFleets();
  const directory = await withLock(FLEETS_LOCK, async () => claimFleetDirectory());
  const watchdog = startWatchdog(directory);
  const close = () => endFleet(directory, watchdog);
  try {
    const authority = join(directory.path, "tls");
    const [images] = await Promise.all([
      buildTestImages(join(directory.path, "images")),
      createBridge(directory.number),
      createAuthority(authority),
    ]);
    const [registry, client] = await Promise.all([FleetRegistry.start(directory), issueClientCertificate(authority)]);
    const archive = await packForLoad(join(directory.path, "images/load"), images.base);

    const starting = request.engines.map(
      async ({ name, generation, live_restore, on_socket_only, disk_mib }, index) => {
        const machine = new Machine(directory, index, name, await rootFileSystemOf(generation));
        const address = engineAddress(directory.number, index);
        const server = await issueServerCertificate(
          authority,
          machine.folder,
          name,
          address,
          otherAddress(directory.number, index),
        );
        const engine = new FleetEngine(directory, machine, {
          generation,
          tls: { server, client },
          insecureRegistries: [fleetNetwork(directory.number)],
          liveRestore: live_restore ?? false,
          onSocketOnly: on_socket_only ?? false,
          diskMib: disk_mib ?? null,
        });
        await engine.start();
        await runDockerCli(engine.socket_path, ["load", "--quiet"], { input: archive });
        return engine;
      },
    );
    const pushing = Object.values(images).map((image) => pushImage(registry.address, image));
    const [engines] = await Promise.all([Promise.all(starting), Promise.all(pushing)]);
    return { folder: directory.path, directory, engines, registry, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Started before anything else of the fleet: from here on nothing outlives this process. */
function startWatchdog(fleet: FleetDirectory): ChildProcess {
  const script = fileURLToPath(new URL("watchdog.ts", import.meta.url));
  return spawnRecorded(fleet, WATCHDOG, [process.execPath, script, fleet.path, String(fleet.number)], "pipe");
}

async function endFleet(fleet: FleetDirectory, watchdog: ChildProcess): Promise<void> {
  if (watchdog.exitCode !== null) return;
  const log = logFile(fleet, WATCHDOG);
  const ended = once(watchdog, "exit");
  watchdog.ref();
  watchdog.stdin?.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`the fleet was not taken away: ${readFileSync(log, "utf8")}`);
}
