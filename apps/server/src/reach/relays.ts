import { setTimeout as delay } from "node:timers/promises";
import { type CreateContainerBody, type Engine, EngineError, type InspectedContainer } from "@berth/docker/engine.ts";
import { LABEL, reachNameOf, SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ReachFailure } from "./reach.ts";
import { relayLife } from "./relay-script.ts";

const IDLE_MINUTES = 5;
const MIB = 1_048_576;
/** Four processes a connection. */
const PIDS = 1_024;
const MEMORY_BYTES = 256 * MIB;

/** Others may be making or removing the relay of the same container. */
const ATTEMPTS = 40;
const RETRY_MS = 100;

/** One run of a container: a later one has another network. */
export interface RelayTarget {
  uid: string;
  machine_id: string;
  engine_id: string;
  started_at: string;
}

/**
 * Small containers of our own image, each of which shares the network of one running container. The engine's name is the
 * mutex between servers; a relay of an earlier run is removed by its id.
 */
export class Relays {
  readonly #installation: string;
  readonly #known = new Map<string, Promise<string>>();

  constructor(installation: string) {
    this.#installation = installation;
  }

  /** The id of a relay that ran a moment ago. An EngineError where the container does not run any more. */
  ensure(engine: Engine, target: RelayTarget, signal: AbortSignal): Promise<string> {
    const key = keyOf(target);
    const known = this.#known.get(key);
    if (known) return raced(known, signal);
    // Those who dial at once wait for one; who began it does not end it for the others.
    const making = this.#make(engine, target, AbortSignal.timeout(30_000));
    this.#known.set(key, making);
    making.catch(() => this.#known.delete(key));
    if (this.#known.size > 5_000) this.#known.delete(this.#known.keys().next().value ?? "");
    return raced(making, signal);
  }

  forget(target: RelayTarget): void {
    this.#known.delete(keyOf(target));
  }

  async #make(engine: Engine, target: RelayTarget, signal: AbortSignal): Promise<string> {
    const name = reachNameOf(target.uid);
    for (let attempt = 1; ; attempt += 1) {
      const id = await this.#tryToMake(engine, name, target, signal);
      if (id !== null) return id;
      if (attempt === ATTEMPTS) throw new EngineError("failed", `Another ${name} does not go away`);
      await delay(RETRY_MS, undefined, { signal });
    }
  }

  /** Null where something of that name was in the way, and is being removed. */
  async #tryToMake(engine: Engine, name: string, target: RelayTarget, signal: AbortSignal): Promise<string | null> {
    try {
      const { id } = await engine.createContainer(name, this.#body(target), { signal });
      return await this.#start(engine, id, signal);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.kind === "not_found" && /image/i.test(error.message)) throw noImage(target);
      if (error.kind !== "conflict" || !/already in use/.test(error.message)) throw error;
    }
    const there = await unlessGone(engine.inspectContainer(name, { signal }));
    if (!there) return null;
    if (!this.#isOurs(there, target))
      throw new EngineError("failed", `The name ${name} is taken by another's container`);
    const isRight = there.labels[LABEL.reach] === keyOf(target);
    if (isRight && there.state === "running") return there.id;
    // Of another server, which is about to start it.
    if (isRight && there.state === "created") return unlessGone(this.#start(engine, there.id, signal));
    await this.#remove(engine, there.id, signal);
    return null;
  }

  async #start(engine: Engine, id: string, signal: AbortSignal): Promise<string> {
    try {
      await engine.startContainer(id, { signal });
      return id;
    } catch (error) {
      // The container stopped meanwhile: its engine refuses to share the network of what does not run.
      await this.#remove(engine, id, AbortSignal.timeout(10_000)).catch(() => {});
      if (error instanceof EngineError && error.kind === "failed") throw new EngineError("conflict", error.message);
      throw error;
    }
  }

  /** It removes itself when it has ended, if it ever ran. */
  async #remove(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
    try {
      await engine.stopContainer(id, 0, { signal });
      await engine.removeContainer(id, { signal });
    } catch (error) {
      const isUnderWay = error instanceof EngineError && (error.kind === "not_found" || error.kind === "conflict");
      if (!isUnderWay) throw error;
    }
  }

  #isOurs({ labels }: InspectedContainer, { machine_id }: RelayTarget): boolean {
    return (
      labels[LABEL.installation] === this.#installation &&
      labels[LABEL.machine] === machine_id &&
      labels[LABEL.system] === "reach"
    );
  }

  #body(target: RelayTarget): CreateContainerBody {
    return {
      Image: SYSTEM_IMAGE,
      Entrypoint: relayLife(IDLE_MINUTES),
      Env: ["NVIDIA_VISIBLE_DEVICES=void"],
      // No uid: it is none of its owner's, and never taken for one.
      Labels: {
        [LABEL.installation]: this.#installation,
        [LABEL.machine]: target.machine_id,
        [LABEL.system]: "reach",
        [LABEL.reach]: keyOf(target),
      },
      Tty: false,
      OpenStdin: false,
      HostConfig: {
        Init: true,
        AutoRemove: true,
        RestartPolicy: { Name: "no" },
        LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "1" } },
        NetworkMode: `container:${target.engine_id}`,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Memory: MEMORY_BYTES,
        MemorySwap: MEMORY_BYTES,
        PidsLimit: PIDS,
      },
    };
  }
}

const keyOf = ({ engine_id, started_at }: RelayTarget): string => `${engine_id}@${started_at}`;

async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof EngineError && (error.kind === "not_found" || error.kind === "conflict")) return null;
    throw error;
  }
}

async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void =>
    reject(new EngineError("unreachable", "The relay was not ready in time.", { timedOut: true }));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

const noImage = ({ machine_id }: RelayTarget): DomainError =>
  new DomainError(
    "UNAVAILABLE",
    `Machine ${machine_id} does not have Berth's own image yet, which a connection into a container needs. It is brought there soon: try again in a minute.`,
    { reason: "no_relay" satisfies ReachFailure, machine_id },
  );
