import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { FleetDirectory } from "./fleet-directory.ts";
import { gatewayAddress } from "./network.ts";
import { logFile, spawnRecorded } from "./recorded-process.ts";
import { waitUntil } from "./wait-until.ts";

/** A CNCF distribution registry, open to all, over plain HTTP, with deletes enabled. */
export class FleetRegistry {
  /** `HOST:PORT`, the same for every engine of the fleet and for this process: the start of an image's full name. */
  readonly address: string;
  readonly #fleet: FleetDirectory;
  #process: ChildProcess | null = null;

  private constructor(fleet: FleetDirectory, address: string) {
    this.#fleet = fleet;
    this.address = address;
    const folder = join(fleet.path, "registry");
    mkdirSync(folder, { recursive: true });
    const config = {
      version: 0.1,
      log: { level: "warn", accesslog: { disabled: true } },
      // The in-memory cache of blobs answers for what garbage collection has deleted.
      storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
      http: { addr: address },
    };
    writeFileSync(this.#configFile, JSON.stringify(config)); // JSON is YAML
  }

  /** Needs the fleet's bridge. */
  static async start(fleet: FleetDirectory): Promise<FleetRegistry> {
    const host = gatewayAddress(fleet.number);
    const registry = new FleetRegistry(fleet, `${host}:${await findFreePort(host)}`);
    await registry.start();
    return registry;
  }

  /** Resolves when the registry answers. Nothing happens where it runs. */
  async start(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) return;
    const started = spawnRecorded(this.#fleet, "registry", ["docker-registry", "serve", this.#configFile]);
    this.#process = started;
    await waitUntil(`the registry to answer (${logFile(this.#fleet, "registry")})`, 10_000, () => {
      if (started.exitCode !== null) throw new Error(`the registry ended: ${logFile(this.#fleet, "registry")}`);
      return fetch(`http://${this.address}/v2/`).then(
        (response) => response.ok,
        () => false, // does not listen yet
      );
    });
  }

  /** Ends the registry at once; `start` brings it back at the same address with all it held. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  }

  get #configFile(): string {
    return join(this.#fleet.path, "registry.json");
  }
}

async function findFreePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("listening on TCP gave no port");
  return address.port;
}
