import { type DockerError, noSuchContainer } from "./docker-error.ts";
import type { ContainerRecord } from "./containers/container-record.ts";
import type { EngineClock } from "./engine-clock.ts";
import { EngineTime } from "./engine-time.ts";
import { EventLog } from "./event-log.ts";
import type { ExecRecord } from "./execs/exec-record.ts";
import { type EngineCall, Faults } from "./faults.ts";
import type { Generation } from "./generation.ts";
import { ImageStore } from "./images/image-store.ts";
import type { SimulatedRegistry } from "./images/simulated-registry.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { seededRandom } from "./seeded-random.ts";
import type { Timings } from "./timings.ts";
import type { Files } from "./process/file-layer.ts";
import type { VolumeRecord } from "./volumes/volume-record.ts";

export interface DaemonOptions {
  name: string;
  engine_id: string;
  generation: Generation;
  facts: MachineFacts;
  timings: Timings;
  clock: EngineClock;
  registry: SimulatedRegistry;
  seed: number;
}

/** Sees what happens to containers, at once and whatever is wrong with events. */
export interface Onlooker {
  /** Of what an event tells, such as "start". */
  seesDone(daemon: Daemon, container: ContainerRecord, action: string): void;
  seesNotStarted(daemon: Daemon, container: ContainerRecord, error: DockerError): void;
}

/** One engine without its HTTP door: what it holds, and what happens to it. */
export class Daemon {
  readonly options: DaemonOptions;
  readonly generation: Generation;
  readonly time: EngineTime;
  readonly events: EventLog;
  readonly faults: Faults;
  readonly containers = new Map<string, ContainerRecord>();
  readonly containerNames = new Map<string, string>();
  readonly images = new ImageStore();
  readonly volumes = new Map<string, VolumeRecord>();
  /** Directories of the machine by their paths: whatever is asked for is there. */
  readonly directories = new Map<string, Files>();
  readonly execs = new Map<string, ExecRecord>();
  readonly root_dir = "/var/lib/docker";
  /** Set by whoever keeps the state: called after every change. */
  onChange: () => void = () => {};
  onlooker: Onlooker | null = null;
  #lastPid = 1000;

  constructor(options: DaemonOptions) {
    this.options = options;
    this.generation = options.generation;
    this.time = new EngineTime(options.clock);
    this.faults = new Faults((ms) => (this.time.skew_ms = ms));
    this.events = new EventLog(this.time, () => this.faults.events, seededRandom(options.seed));
  }

  nextPid(): number {
    return ++this.#lastPid;
  }

  /** Takes as long as a real engine takes for the call; no timer at all where that is nothing. */
  async takes(call: EngineCall): Promise<void> {
    const ms = this.options.timings[call] ?? 0;
    if (ms > 0) await new Promise<void>((resolve) => this.options.clock.after(ms, resolve));
  }

  /** By id, by name, or by the beginning of an id that only one has. Throws 404 otherwise. */
  container(idOrName: string): ContainerRecord {
    const container = this.find(idOrName);
    if (!container) throw noSuchContainer(idOrName);
    return container;
  }

  find(idOrName: string): ContainerRecord | null {
    const byId = this.containers.get(idOrName);
    if (byId) return byId;
    const byName = this.containers.get(this.containerNames.get(idOrName.replace(/^\//, "")) ?? "");
    if (byName) return byName;
    const byPrefix = /^[a-f0-9]+$/.test(idOrName)
      ? [...this.containers.values()].filter((container) => container.id.startsWith(idOrName))
      : [];
    const [only, ...others] = byPrefix;
    return only && others.length === 0 ? only : null;
  }

  /** The engine's process ends: whatever ran is gone without a word, and no timer is left behind. */
  abandonProcesses(): void {
    for (const container of this.containers.values()) {
      container.process?.abandon();
      container.restart.cancelTimer?.();
    }
    for (const exec of this.execs.values()) exec.process?.abandon();
  }

  /** Events of a container carry its image, its name and every label. */
  publishContainer(container: ContainerRecord, action: string, attributes: Record<string, string> = {}): void {
    const { Labels, Image } = container.config;
    const all = { ...Labels, image: Image, name: container.name, ...attributes };
    this.events.publish("container", action, container.id, all);
    this.onlooker?.seesDone(this, container, action);
  }

  /** As if the container's health check had said so just now. */
  setHealth(container: ContainerRecord, health: NonNullable<ContainerRecord["health"]>): void {
    container.health = health;
    this.publishContainer(container, `health_status: ${health}`);
  }
}
