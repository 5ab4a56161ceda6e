import { mkdirSync, rmSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FleetDirectory } from "./fleet-directory.ts";
import { connectToBridge } from "./network.ts";
import { isAlive, killProcess, type ProcessIdentity } from "./process-identity.ts";
import { logFile, readRecorded, recordedCommand, spawnRecorded } from "./recorded-process.ts";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

const INIT_SCRIPT = fileURLToPath(new URL("machine-init.sh", import.meta.url));

/**
 * A GPU server's stand-in: namespaces of its own for processes, mounts, network and host name, with an address on the
 * fleet's bridge. What runs in it ends with its first process, as at a power cut; its files stay.
 */
export class Machine {
  readonly name: string;
  readonly index: number;
  /** The same path inside and outside. */
  readonly folder: string;
  readonly #fleet: FleetDirectory;
  readonly #rootFileSystem: string | null;
  #init: ProcessIdentity | null = null;

  constructor(fleet: FleetDirectory, index: number, name: string, rootFileSystem: string | null) {
    this.#fleet = fleet;
    this.index = index;
    this.name = name;
    this.#rootFileSystem = rootFileSystem;
    // Not by its name: containerd's sockets below must stay within the 107 characters of a socket's path.
    this.folder = join(fleet.path, `engine-${index}`);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  isUp(): boolean {
    return this.#init !== null && isAlive(this.#init);
  }

  /** Boots the machine; nothing happens where it is up. */
  async boot(): Promise<void> {
    if (this.isUp()) return;
    const booted = join(this.folder, "booted");
    rmSync(booted, { force: true });
    const record = `${this.name}-init`;
    const script = ["sh", INIT_SCRIPT, this.folder, this.name, ...(this.#rootFileSystem ? [this.#rootFileSystem] : [])];
    const namespaces = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--"];
    const outer = spawnRecorded(this.#fleet, this.name, [
      ...namespaces,
      ...recordedCommand(this.#fleet, record, script),
    ]);
    await waitUntil(`machine ${this.name} to boot (${logFile(this.#fleet, this.name)})`, 10_000, () => {
      if (outer.exitCode !== null)
        throw new Error(`machine ${this.name} did not boot: ${logFile(this.#fleet, this.name)}`);
      return existsSync(booted);
    });
    this.#init = readRecorded(this.#fleet, record);
    if (!this.#init) throw new Error(`machine ${this.name} left no record of its first process`);
    await connectToBridge(this.#fleet.number, this.index, this.#init.pid);
  }

  /** Runs a shell script on the machine to its end; `args` are its `$1`, `$2`, … */
  run(script: string, ...args: string[]): Promise<string> {
    if (!this.#init) throw new Error(`machine ${this.name} has never been up`);
    const namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--wd=/"];
    return runCommand("nsenter", [`--target=${this.#init.pid}`, ...namespaces, "sh", "-ec", script, "sh", ...args]);
  }

  /** Everything on the machine ends at once. Resolves when it has. */
  async cutPower(): Promise<void> {
    const init = this.#init;
    if (!init) return;
    killProcess(init);
    await waitUntil(`machine ${this.name} to go down`, 10_000, () => !isAlive(init));
  }
}
