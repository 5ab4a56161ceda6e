import { randomBytes } from "node:crypto";
import type { NetConnectOpts } from "node:net";
import { onTestFinished, vi } from "vitest";
import { type CreateContainerBody, type Engine, EngineError, type ListedContainer } from "@berth/docker/engine.ts";

/** What a contract runs against. */
export interface ContractTarget {
  /** Of this test alone: it is closed at the test's end. */
  engine: Engine;
  /** A busybox image that is on the engine. */
  image: string;
  /** An image that the engine can pull. Where absent, what needs one is skipped. */
  pullable?: string;
  /** A request beside the `Engine`, for what Berth itself never asks (pausing). Where absent, what needs it is skipped. */
  raw?: (method: string, path: string) => Promise<void>;
  /** Where the same engine takes plain HTTP. A test that cuts connections does it there; where absent, it is skipped. */
  wire?: NetConnectOpts;
}

export interface ContainerWish {
  command?: string[];
  tty?: boolean;
  image?: string;
  name?: string;
  labels?: Record<string, string>;
  /** Docker publishes only what is exposed too. */
  ports?: NonNullable<CreateContainerBody["ExposedPorts"]>;
  host?: Partial<CreateContainerBody["HostConfig"]>;
}

/** One test's own corner of an engine: what is made in it is found by its labels, and is gone after the test. */
export class Scratch {
  readonly engine: Engine;
  readonly image: string;
  readonly key = randomBytes(6).toString("hex");
  readonly labels = { "berth-contract.test": this.key };
  readonly target: ContractTarget;

  constructor(target: ContractTarget) {
    this.target = target;
    this.engine = target.engine;
    this.image = target.image;
  }

  name(suffix = "a"): string {
    return `berth-contract-${this.key}-${suffix}`;
  }

  body({
    command = ["sleep", "1000"],
    tty = false,
    image,
    labels,
    ports,
    host,
  }: ContainerWish = {}): CreateContainerBody {
    return {
      Image: image ?? this.image,
      Cmd: command,
      Labels: { ...this.labels, ...labels },
      Tty: tty,
      OpenStdin: tty,
      ...(ports ? { ExposedPorts: ports } : {}),
      HostConfig: {
        Init: true,
        RestartPolicy: { Name: "no" },
        LogConfig: { Type: "json-file", Config: {} },
        NetworkMode: "none",
        ...host,
      },
    };
  }

  async create(wish: ContainerWish = {}): Promise<string> {
    const { id } = await this.engine.createContainer(wish.name ?? this.name(), this.body(wish));
    return id;
  }

  async start(wish: ContainerWish = {}): Promise<string> {
    const id = await this.create(wish);
    await this.engine.startContainer(id);
    return id;
  }

  /** Runs a container to its end, and returns its id. */
  async run(wish: ContainerWish): Promise<string> {
    const id = await this.start(wish);
    await this.settled(id, "exited");
    return id;
  }

  list(): Promise<ListedContainer[]> {
    return this.engine.listContainers({ labels: this.labels });
  }

  async find(id: string): Promise<ListedContainer | undefined> {
    return (await this.list()).find((container) => container.id === id);
  }

  /** Waits until the engine lists the container in that state. */
  async settled(id: string, state: ListedContainer["state"]): Promise<ListedContainer> {
    return eventually(async () => {
      const container = await this.find(id);
      if (container?.state !== state) throw new Error(`${id} is ${container?.state ?? "not there"}, not ${state}`);
      return container;
    });
  }

  async removeImageLater(reference: string): Promise<void> {
    onTestFinished(() => unlessAbsent(this.engine.removeImage(reference)));
  }

  async end(): Promise<void> {
    for (const { id, state } of await this.list()) {
      if (state === "paused") await this.engine.unpauseContainer(id);
      await unlessAbsent(this.engine.stopContainer(id, 0));
      await unlessAbsent(this.engine.removeContainer(id));
    }
  }
}

/** Opens a test's scratch, and empties it at the test's end. */
export async function openScratch(open: () => Promise<ContractTarget>): Promise<Scratch> {
  const scratch = new Scratch(await open());
  // In the order of their registration reversed: what a test adds is cleaned up before the engine is closed.
  onTestFinished(() => scratch.engine.close());
  onTestFinished(() => scratch.end());
  return scratch;
}

export function eventually<T>(check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: 15_000, interval: 20 });
}

async function unlessAbsent(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not_found")) throw error;
  }
}
