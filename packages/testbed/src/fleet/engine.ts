import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { TlsClient, TlsServerFiles } from "./certificates.ts";
import { cgroupParent } from "./cgroups.ts";
import { runDockerCli } from "./docker-cli.ts";
import type { FleetDirectory } from "./fleet-directory.ts";
import { GENERATION_TRAITS, type EngineGeneration } from "./generations.ts";
import type { Machine } from "./machine.ts";
import { engineAddress, gatewayAddress, otherAddress } from "./network.ts";
import { waitUntil } from "./wait-until.ts";

const TLS_PORT = 2376;

// The machine's first process adopts the subshell, which says when dockerd has ended.
const START_DOCKERD = `
  (dockerd --config-file "$1/daemon.json" < /dev/null >> "$1/dockerd.log" 2>&1; echo "$?" > "$1/$2") \\
    < /dev/null > /dev/null 2>&1 &`;

// Below a mount of the machine's own: it goes with the machine, and its loop device with it.
const MOUNT_DISK = `
  mkdir -p "$1/data"
  if ! mountpoint -q "$1/data"; then
    if [ ! -e "$1/disk" ]; then
      truncate -s "$2" "$1/disk"
      mkfs.ext4 -q -m 0 "$1/disk"
    fi
    mount -o loop "$1/disk" "$1/data"
  fi`;

/** Below the machine's folder: what a killed dockerd leaves there, and the next one trips over. */
const STALE_FILES = [
  // A pid that may by now be another process's: dockerd then refuses to start, or waits for a containerd that is gone.
  "docker.pid",
  "run/containerd/containerd.pid",
  "run/containerd/docker-containerd.pid",
  // dockerd waits for an answer on a socket that is there, until it times out.
  "run/containerd/containerd.sock",
  "run/containerd/docker-containerd.sock",
  "docker.sock",
];

export interface EngineSettings {
  generation: EngineGeneration;
  tls: { server: TlsServerFiles; client: TlsClient };
  /** Registries, or networks of registries, that this engine reaches over plain HTTP, or whoever signed their certificate. */
  insecureRegistries: string[];
  /** Whether containers outlive dockerd (default false, as Docker's). */
  liveRestore: boolean;
  /** Whether it listens on its socket alone, as Docker does that was just installed. */
  onSocketOnly: boolean;
  /** MiB of a disk of Docker's own, which it can fill; null for the room that this machine has. */
  diskMib: number | null;
}

/** A real Docker engine on a machine of its own. */
export class FleetEngine {
  readonly name: string;
  readonly generation: EngineGeneration;
  /** `tcp://ADDRESS:2376`, over mutual TLS with {@link tls}; nothing listens there where it has its socket only. */
  readonly url: string;
  readonly address: string;
  readonly socket_path: string;
  /** Docker's own settings; the machine's other files are beside it. */
  readonly config_file: string;
  readonly tls: TlsClient;
  readonly #machine: Machine;
  readonly #diskMib: number | null;
  readonly #fleetNumber: number;
  #starts = 0;

  constructor(fleet: FleetDirectory, machine: Machine, settings: EngineSettings) {
    this.#machine = machine;
    this.#diskMib = settings.diskMib;
    this.#fleetNumber = fleet.number;
    this.name = machine.name;
    this.generation = settings.generation;
    this.address = engineAddress(fleet.number, machine.index);
    this.url = `tcp://${this.address}:${TLS_PORT}`;
    this.socket_path = join(machine.folder, "docker.sock");
    this.tls = settings.tls.client;
    const socket = `unix://${this.socket_path}`;
    const { ca, cert, key } = settings.tls.server;
    const listener = settings.onSocketOnly
      ? { hosts: [socket] }
      : { hosts: [socket, this.url], tlsverify: true, tlscacert: ca, tlscert: cert, tlskey: key };
    const config = {
      ...listener,
      "data-root": join(machine.folder, "data"),
      "exec-root": join(machine.folder, "run"),
      pidfile: join(machine.folder, "docker.pid"),
      "insecure-registries": settings.insecureRegistries,
      "live-restore": settings.liveRestore,
      // Not systemd's: the containers' cgroups are to be found again by their parent's name.
      "exec-opts": ["native.cgroupdriver=cgroupfs"],
      "cgroup-parent": cgroupParent(fleet.number, machine.index),
      features: GENERATION_TRAITS[settings.generation].features,
    };
    this.config_file = join(machine.folder, "daemon.json");
    writeFileSync(this.config_file, JSON.stringify(config, null, 2));
  }

  /** Boots the machine if need be, starts dockerd, and resolves when it answers. Nothing happens where it does. */
  async start(): Promise<void> {
    await this.#machine.boot();
    if (await this.#answersPing()) return;
    await waitUntil(`${this.name}'s earlier processes to end`, 10_000, () => this.#hasEnded());
    for (const file of STALE_FILES) rmSync(join(this.#machine.folder, file), { force: true });
    if (this.#diskMib !== null) await this.#machine.run(MOUNT_DISK, this.#machine.folder, `${this.#diskMib}M`);
    // Of this very start: an earlier dockerd's end is written down a moment after it ended.
    const ended = `dockerd-${(this.#starts += 1)}.ended`;
    await this.#machine.run(START_DOCKERD, this.#machine.folder, ended);
    try {
      await waitUntil(`${this.name}'s dockerd to answer`, 30_000, () => {
        if (existsSync(join(this.#machine.folder, ended))) throw new Error(`${this.name}'s dockerd ended`);
        return this.#answersPing();
      });
    } catch (error) {
      const said = readFileSync(this.log_file, "utf8").slice(-2_000);
      throw new Error(`${(error as Error).message}; the end of its log:\n${said}`, { cause: error });
    }
  }

  /** Stops dockerd as an administrator would: it stops its containers first. Resolves when it has ended. */
  async stop(): Promise<void> {
    if (!this.#machine.isUp() || (await this.#hasEnded())) return;
    await this.#signal("TERM", "dockerd");
    await waitUntil(`${this.name}'s dockerd to stop`, 60_000, () => this.#hasEnded());
  }

  /**
   * Sends a signal to dockerd, or to its containerd. After SIGKILL it resolves when the process has ended; `start`
   * brings the engine back. A stopped process (SIGSTOP) goes on with SIGCONT.
   */
  async kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT", which: "dockerd" | "containerd" = "dockerd"): Promise<void> {
    await this.#signal(signal.slice(3), which);
    if (signal === "SIGKILL" && which === "dockerd") {
      await waitUntil(`${this.name}'s dockerd to end`, 10_000, () => this.#hasEnded());
    }
  }

  /** Drops, or drops no more, every packet that comes for its API: nothing is refused and nothing ends. */
  async dropPackets(isDropping: boolean): Promise<void> {
    const change = isDropping ? "-I" : "-D";
    await this.#machine.run(`iptables ${change} INPUT -p tcp --dport ${TLS_PORT} -j DROP`);
  }

  /** Ends dockerd, containerd and all containers at once; `start` boots the machine again with the same address. */
  cutPower(): Promise<void> {
    return this.#machine.cutPower();
  }

  /** Boots a machine that is down at another address, as where its lease ran out, and starts dockerd there. Answers its url. */
  async startElsewhere(): Promise<string> {
    const other = otherAddress(this.#fleetNumber, this.#machine.index);
    const url = `tcp://${other}:${TLS_PORT}`;
    const file = join(this.#machine.folder, "daemon.json");
    const config = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...config, hosts: [`unix://${this.socket_path}`, url] }, null, 2));
    await this.#machine.boot();
    await this.#machine.run(
      `ip addr del "$1/24" dev eth0; ip addr add "$2/24" dev eth0; ip route replace default via "$3"`,
      this.address,
      other,
      gatewayAddress(this.#fleetNumber),
    );
    await this.start();
    return url;
  }

  /** Runs a shell script on the engine's machine; `args` are its `$1`, `$2`, … Answers its stdout. */
  run(script: string, ...args: string[]): Promise<string> {
    return this.#machine.run(script, ...args);
  }

  /** Runs Docker's own command line on this engine, for edits by hand. Answers its stdout. */
  docker(...args: string[]): Promise<string> {
    return runDockerCli(this.socket_path, args);
  }

  /** What dockerd says. */
  get log_file(): string {
    return join(this.#machine.folder, "dockerd.log");
  }

  async #signal(signal: string, which: "dockerd" | "containerd"): Promise<void> {
    await this.#machine.run(`kill -s "$1" $(pidof "$2")`, signal, which);
  }

  /** True where neither dockerd nor its containerd, which ends just after it, runs on the machine. */
  async #hasEnded(): Promise<boolean> {
    const running = await this.#machine.run("pidof dockerd containerd || true");
    return running.trim() === "";
  }

  #answersPing(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const ping = request({ socketPath: this.socket_path, path: "/_ping", timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on("timeout", () => ping.destroy());
    ping.on("error", () => resolve(false));
    ping.on("close", () => resolve(false));
    ping.end();
    return promise;
  }
}
