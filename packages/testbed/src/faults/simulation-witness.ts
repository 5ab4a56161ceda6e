import { LABEL } from "@berth/spec/engine-names.ts";
import { type ContainerRecord, isRunning } from "../simulated/containers/container-record.ts";
import type { Daemon, Onlooker } from "../simulated/daemon.ts";
import type { DockerError } from "../simulated/docker-error.ts";

/**
 * Sees on a simulated engine, at each start, whether a GPU or a port of the machine would be in two of Berth's containers.
 * Of GPUs an engine lets that happen; a start with a taken port it refuses, so that the attempt counts. Where GPUs are
 * shared on purpose that is no fault: such a scene is not to ask.
 */
export class SimulationWitness implements Onlooker {
  #doubleUses: string[] = [];
  /** By the uid of their row. */
  readonly #creates = new Map<string, number>();
  /** Started by a hand, whatever Berth has given them; and whether that start is still under way. */
  readonly #byHand = new Map<string, "starting" | "up">();

  /** Those since this was asked last. */
  takeDoubleUses(): string[] {
    return this.#doubleUses.splice(0);
  }

  /** How often Berth has made an engine container of a row. */
  createsOf(uid: string): number {
    return this.#creates.get(uid) ?? 0;
  }

  /** Starts a container by hand: Berth is not to blame for what it uses until it ends. */
  async whileStartedByHand(id: string, start: () => Promise<{ isRefused: boolean }>): Promise<void> {
    this.#byHand.set(id, "starting");
    const { isRefused } = await start();
    if (isRefused) this.#byHand.delete(id);
    else this.#byHand.set(id, "up");
  }

  seesDone(daemon: Daemon, container: ContainerRecord, action: string): void {
    const uid = container.config.Labels?.[LABEL.uid];
    if (action === "create" && uid !== undefined) this.#creates.set(uid, this.createsOf(uid) + 1);
    if (action === "die" && this.#byHand.get(container.id) === "up") this.#byHand.delete(container.id);
    if (action !== "start") return;
    const gpus = gpusOf(container);
    for (const other of this.#othersOf(daemon, container)) {
      const shared = gpusOf(other).filter((gpu) => gpus.includes(gpu));
      if (isRunning(other) && shared.length > 0) this.#find(container, `with ${shared.join()}`, other);
    }
  }

  seesNotStarted(daemon: Daemon, container: ContainerRecord, { message }: DockerError): void {
    if (!message.includes("port is already allocated")) return;
    const wanted = new Set(hostPorts(container.host.PortBindings ?? {}));
    for (const other of this.#othersOf(daemon, container)) {
      // One that is bound on two addresses is one port.
      const taken = new Set(hostPorts(other.network?.host_ports ?? {}));
      const shared = [...taken].filter((port) => wanted.has(port));
      if (shared.length > 0) this.#find(container, `at port ${shared.join()}`, other);
    }
  }

  /** Of Berth's, those that no hand has started. */
  #othersOf(daemon: Daemon, container: ContainerRecord): ContainerRecord[] {
    const isBerths = ({ id, config }: ContainerRecord): boolean =>
      config.Labels?.[LABEL.uid] !== undefined && !this.#byHand.has(id);
    return isBerths(container)
      ? [...daemon.containers.values()].filter((other) => other !== container && isBerths(other))
      : [];
  }

  #find(started: ContainerRecord, what: string, other: ContainerRecord): void {
    this.#doubleUses.push(`${started.name} was started ${what}, which ${other.name} had`);
  }
}

const gpusOf = ({ host }: ContainerRecord): string[] =>
  (host.DeviceRequests ?? []).flatMap(({ DeviceIDs }) => DeviceIDs ?? []);

/** As "20000/tcp". */
const hostPorts = (bindings: Record<string, readonly { HostPort: string }[] | null>): string[] =>
  Object.entries(bindings).flatMap(([port, bound]) =>
    (bound ?? []).map(({ HostPort }) => `${HostPort}/${port.split("/")[1] ?? "tcp"}`),
  );
