import {
  type CallOptions,
  type Engine,
  EngineError,
  type EngineInfo,
  type InspectedContainer,
  type InspectedImage,
  type ListedContainer,
} from "@berth/docker/engine.ts";

/** What an engine is met with: who it says it is, and the volumes on its disk. */
export interface FakeEngine {
  info: EngineInfo;
  volumes: Map<string, Record<string, string>>;
  /** By their ids on it, as far as the API looks at them. */
  containers: Map<string, Partial<InspectedContainer>>;
  /** What it lists. */
  listed: ListedContainer[];
  /** Thrown by every call while it is set. */
  failure: EngineError | null;
  /** Answers nothing while true: every call ends at its deadline, which is told to {@link FakeEngine.deadlinesMs}. */
  hangs: boolean;
  deadlinesMs: (number | undefined)[];
}

export const createFakeEngine = (info: Partial<EngineInfo> = {}): FakeEngine => ({
  failure: null,
  hangs: false,
  deadlinesMs: [],
  volumes: new Map(),
  containers: new Map(),
  listed: [],
  info: {
    engine_id: "ENGINE-A",
    name: "gpu-1",
    version: "28.5.2",
    api_version: "1.51",
    ncpu: 16,
    memory_bytes: 64 * 1024 ** 3,
    root_dir: "/var/lib/docker",
    storage_driver: "overlay2",
    containerd_store: false,
    default_runtime: "runc",
    runtimes: ["runc"],
    labels: {},
    system_time: null,
    ...info,
  },
});

/** A connection to it with the few calls that the API makes; any other is a fault of the test. */
export function connectFake(fake: FakeEngine | undefined): Engine {
  const answer = async <Answer>(options: CallOptions | undefined, value: (fake: FakeEngine) => Answer) => {
    if (!fake) throw new EngineError("unreachable", "connection refused", { sent: false });
    if (fake.failure) throw fake.failure;
    if (!fake.hangs) return value(fake);
    fake.deadlinesMs.push(options?.deadlineMs);
    throw new EngineError("unreachable", "the deadline passed", { timedOut: true });
  };
  const calls: Pick<
    Engine,
    "ping" | "info" | "listContainers" | "inspectContainer" | "inspectImage" | "createVolume" | "listImages" | "close"
  > = {
    ping: (options) => answer(options, () => ({ api_version: "1.41", engine_api_version: "1.51" })),
    info: (options) => answer(options, ({ info }) => info),
    listContainers: (_filter, options) => answer(options, ({ listed }) => listed),
    inspectContainer: (id, options) =>
      answer(options, ({ containers }) => {
        const found = containers.get(id);
        if (found) return found as InspectedContainer;
        throw new EngineError("not_found", "No such container", { status: 404 });
      }),
    inspectImage: (_reference, options) => answer(options, () => ({ env: [] as string[] }) as InspectedImage),
    createVolume: (name, labels, options) =>
      answer(options, ({ volumes }) => {
        if (!volumes.has(name)) volumes.set(name, labels);
        return { name, labels: volumes.get(name) ?? {} };
      }),
    listImages: (options) => answer(options, () => []),
    close: () => undefined,
  };
  return calls as Engine;
}
