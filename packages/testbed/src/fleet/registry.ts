import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { FleetDirectory } from "./fleet-directory.ts";
import { gatewayAddress } from "./network.ts";
import { logFile, spawnRecorded } from "./recorded-process.ts";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

/** How a registry is set up beyond what it always has. PEM texts. */
export interface FleetRegistryOptions {
  /** Unique in the fleet; its files stay, so that one of the same name finds what the one before it held. */
  name?: string;
  /** Tokens of whom it takes, and where it sends those who have none; open to all without. */
  auth?: { realm: string; service: string; issuer: string; certificate: string };
  /** What it listens with, for `hosts` of the fleet's own address; plain HTTP without. */
  tls?: (host: string) => Promise<{ key: string; certificate: string }>;
  /** Whom it tells what happens, and the bearer token that it says with that. */
  notify?: { url: string; secret: string };
}

export interface RegistryContent {
  blob_bytes: number;
  links: number;
}

/** A CNCF distribution registry, with deletes enabled. */
export class FleetRegistry {
  /** `HOST:PORT`, the same for every engine of the fleet and for this process: the start of an image's full name. */
  readonly address: string;
  /** The same as a URL. */
  readonly url: string;
  readonly #fleet: FleetDirectory;
  readonly #name: string;
  #process: ChildProcess | null = null;

  private constructor(fleet: FleetDirectory, name: string, address: string, isSecure: boolean) {
    this.#fleet = fleet;
    this.#name = name;
    this.address = address;
    this.url = `${isSecure ? "https" : "http"}://${address}`;
  }

  /** Needs the fleet's bridge. */
  static async start(
    fleet: FleetDirectory,
    { name = "registry", auth, tls, notify }: FleetRegistryOptions = {},
  ): Promise<FleetRegistry> {
    const host = gatewayAddress(fleet.number);
    const registry = new FleetRegistry(fleet, name, `${host}:${await findFreePort(host)}`, tls !== undefined);
    const folder = join(fleet.path, name);
    mkdirSync(folder, { recursive: true });
    const write = (file: string, text: string): string => {
      writeFileSync(join(fleet.path, `${name}-${file}`), text, { mode: 0o600 });
      return join(fleet.path, `${name}-${file}`);
    };
    const listen = await tls?.(host);
    const headers = notify && { Authorization: [`Bearer ${notify.secret}`] };
    const config = {
      version: 0.1,
      log: { level: "warn", accesslog: { disabled: true } },
      // The in-memory cache of blobs answers for what garbage collection has deleted.
      storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
      http: {
        addr: registry.address,
        ...(listen && {
          tls: { certificate: write("tls.pem", listen.certificate), key: write("tls-key.pem", listen.key) },
        }),
      },
      ...(auth && {
        auth: {
          token: {
            realm: auth.realm,
            service: auth.service,
            issuer: auth.issuer,
            rootcertbundle: write("tokens.pem", auth.certificate),
          },
        },
      }),
      ...(notify && {
        notifications: {
          endpoints: [{ name: "berth", url: notify.url, headers, timeout: "2s", threshold: 3, backoff: "1s" }],
        },
      }),
    };
    writeFileSync(registry.#configFile, JSON.stringify(config), { mode: 0o600 }); // JSON is YAML
    await registry.start();
    return registry;
  }

  /** Resolves when the registry answers. Nothing happens where it runs. */
  async start(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) return;
    const started = spawnRecorded(this.#fleet, this.#name, ["docker-registry", "serve", this.#configFile]);
    this.#process = started;
    await waitUntil(`the registry to answer (${logFile(this.#fleet, this.#name)})`, 10_000, () => {
      if (started.exitCode !== null) throw new Error(`the registry ended: ${logFile(this.#fleet, this.#name)}`);
      return answers(`${this.url}/v2/`);
    });
  }

  /** Ends the registry at once; `start` brings it back at the same address with all it held. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill("SIGKILL");
    await once(running, "exit");
  }

  /** Frees what no manifest names any more. While it runs nothing may be pushed, or what is new goes as well. */
  async collectGarbage(): Promise<void> {
    // Of a registry to which nothing was ever pushed, it says that it fails.
    if (!existsSync(join(this.#storage, "repositories"))) return;
    await runCommand("docker-registry", ["garbage-collect", this.#configFile]);
  }

  /** Bytes of its blobs, and how many files name them, which distribution leaves behind when they go. */
  async measure(): Promise<RegistryContent> {
    const [blobs, links] = await Promise.all([
      listFiles(join(this.#storage, "blobs")),
      listFiles(join(this.#storage, "repositories")),
    ]);
    const sizes = await Promise.all(blobs.map(async (file) => (await stat(file)).size));
    return { blob_bytes: sizes.reduce((sum, size) => sum + size, 0), links: links.length };
  }

  get #storage(): string {
    return join(this.#fleet.path, this.#name, "docker/registry/v2");
  }

  get #configFile(): string {
    return join(this.#fleet.path, `${this.#name}.json`);
  }
}

/** Full paths, at any depth; none where the folder is not there. */
async function listFiles(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Whatever it says, whoever signed its certificate: the tests look at both. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = url.startsWith("https:")
      ? https.get(url, { rejectUnauthorized: false, agent: false })
      : http.get(url, { agent: false });
    request.on("response", (response) => resolve(response.resume().statusCode !== undefined));
    request.on("error", () => resolve(false)); // does not listen yet
  });
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
