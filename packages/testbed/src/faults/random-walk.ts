import { BerthClientError } from "@berth/api/client.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { changeByHand } from "../scenario/engine-by-hand.ts";
import type { EngineCall, FaultEffect } from "../simulated/faults.ts";
import type { FaultyScene } from "./faulty-scene.ts";
import { Model } from "./model.ts";

const CONTAINERS_AT_MOST = 6;

/** How often each step is taken. */
const WEIGHTS = {
  create: 12,
  start: 12,
  stop: 10,
  restart: 4,
  limit: 12,
  rename: 8,
  delete: 4,
  "kill by hand": 8,
  "stop by hand": 5,
  "pause by hand": 6,
  "rename by hand": 6,
  "remove by hand": 4,
  "start by hand": 4,
  "slow call": 8,
  "failed call": 8,
  "lost answer": 8,
  "broken list": 6,
  "odd events": 4,
  "wrong clock": 3,
  "cut wires": 5,
  "engine's restart": 1,
  "reconciler's death": 1,
  "all well": 6,
} as const;
export type Step = keyof typeof WEIGHTS;

const CHANGES: EngineCall[] = ["create", "start", "stop", "remove", "rename", "update", "unpause"];
const BERTHS_OWN: EngineCall[] = ["create", "update", "unpause", "list"];
const FAULT = '{"message":"a fault"}';

/** The path below that of the container. */
const HANDS = {
  "kill by hand": ["POST", "/kill"],
  "stop by hand": ["POST", "/stop?t=0"],
  "pause by hand": ["POST", "/pause"],
  "rename by hand": ["POST", "/rename?name=NEW"],
  "remove by hand": ["DELETE", "?force=1"],
  "start by hand": ["POST", "/start"],
} as const satisfies Partial<Record<Step, [method: string, path: string]>>;
type ByHand = keyof typeof HANDS;
const BY_HAND = Object.keys(HANDS) as ByHand[];

/** Random wishes, hands and faults, and the model of what must come of them: the same steps for the same `random`. */
export class RandomWalk {
  readonly model = new Model();
  /** What was done, in order. */
  readonly steps: string[] = [];
  /** What must never be, in words, found on the way. */
  readonly faults: string[] = [];
  /** Wishes that Berth took; refused are those for which no GPU was free. */
  readonly created = { done: 0, refused: 0 };
  /** Hands that found their container, and those of them that changed it. */
  readonly hands = Object.fromEntries(BY_HAND.map((step) => [step, { tried: 0, done: 0 }])) as Record<
    ByHand,
    { tried: number; done: number }
  >;
  readonly #scene: FaultyScene;
  readonly #random: () => number;
  #made = 0;
  /** Those of engines that were restarted since. */
  #hitsBefore = 0;

  constructor(scene: FaultyScene, random: () => number) {
    this.#scene = scene;
    this.#random = random;
  }

  async step(): Promise<void> {
    this.lookAtAll();
    const step = this.#choose();
    // Chosen even where it is not needed, so that what was done does not change what comes next.
    const [at, number] = [this.#random(), 1 + Math.floor(this.#random() * 1_000)];
    const ids = [...this.model.containers.keys()];
    const id = ids[Math.floor(at * ids.length)];
    this.steps.push(id === undefined ? step : `${step} ${id}`);
    if (step === "create") return ids.length < CONTAINERS_AT_MOST ? this.#create(number) : undefined;
    if (isOfContainer(step)) return id === undefined ? undefined : this.#change(step, id, number);
    return this.#fail(step, number);
  }

  /** Notes what is there, and what is wrong about it. */
  lookAtAll(): void {
    for (const id of this.model.containers.keys()) this.#look(id);
  }

  /** Takes all faults away, and has every owner say a last word: what failed often would rest for minutes before. */
  async settle(): Promise<void> {
    this.#simulation.faults.clear();
    this.#simulation.dropConnections();
    for (const [id] of this.model.containers) await this.#change("limit", id, 1_001);
  }

  /** How many calls of Berth have met a fault: those that no hand makes. */
  get hits(): number {
    const { hits } = this.#simulation.faults;
    return BERTHS_OWN.reduce((sum, call) => sum + (hits[call] ?? 0), this.#hitsBefore);
  }

  get #simulation(): FaultyScene["engine"]["simulation"] {
    return this.#scene.engine.simulation;
  }

  #choose(): Step {
    const all = Object.entries(WEIGHTS) as [Step, number][];
    let left = this.#random() * all.reduce((sum, [, weight]) => sum + weight, 0);
    return all.find(([, weight]) => (left -= weight) < 0)?.[0] ?? "all well";
  }

  async #create(number: number): Promise<void> {
    this.#made += 1;
    const wish = { name: `walk-${this.#made}`, memory: 16 + number, gpu_count: number % 3 === 0 ? 1 : 0 };
    const desired = number % 5 === 0 ? "stopped" : "running";
    const ports = [{ name: "web", kind: "http", container_port: 80 } as const];
    const { name, memory, gpu_count: gpus } = wish;
    const created = await unlessBusy(gpus, () =>
      this.#scene.scene.create({ ...wish, desired, if_busy: "fail", ports: number % 2 === 0 ? ports : [] }),
    );
    this.created[created ? "done" : "refused"] += 1;
    if (!created) return;
    const shouldRun = desired === "running";
    this.model.create(created.container_id, { uid: created.uid, name, memory, gpus, shouldRun });
  }

  async #change(step: OfContainer, id: number, number: number): Promise<void> {
    const { model } = this;
    const ref = { container_id: id };
    const { container } = this.#scene.berth.admin;
    const { gpus } = model.get(id);
    switch (step) {
      case "start":
        return void ((await unlessBusy(gpus, () => container.start.mutate(ref))) && model.start(id));
      case "restart":
        return void ((await unlessBusy(gpus, () => container.restart.mutate(ref))) && model.start(id));
      case "stop":
        await container.stop.mutate(ref);
        return model.stop(id);
      case "limit":
        await container.update.mutate({ ...ref, memory: 16 + number });
        return model.limit(id, 16 + number);
      case "rename":
        await container.update.mutate({ ...ref, name: `walk-${id}-${number}` });
        return model.rename(id, `walk-${id}-${number}`);
      case "delete":
        await container.delete.mutate(ref);
        return model.delete(id);
      default:
        return this.#meddle(step, id, number);
    }
  }

  /** A hand changes what is on the engine now, if there is one. */
  async #meddle(step: ByHand, id: number, number: number): Promise<void> {
    const engineId = this.#look(id);
    if (engineId === null) return;
    const [method, path] = HANDS[step];
    const hand = (): Promise<{ isRefused: boolean }> =>
      this.#try(step, method, `/containers/${engineId}${path.replace("NEW", `by-hand-${id}-${number}`)}`);
    await (step === "start by hand" ? this.#scene.witness.whileStartedByHand(engineId, hand) : hand());
    const isGone = !this.#simulation.daemon.containers.has(engineId);
    if (step === "remove by hand" && isGone) this.model.removeByHand(id);
  }

  /** What a hand may hear on an engine that is well, or meets one of the walk's own faults; all else is a wrong hand. */
  async #try(step: ByHand, method: string, path: string): Promise<{ isRefused: boolean }> {
    const tally = this.hands[step];
    tally.tried += 1;
    const answer = await changeByHand(this.#scene.engine.socket_path, method, path).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ECONNRESET") throw error;
        return null; // a lost answer, of what may have been done
      },
    );
    if (answer === null) return { isRefused: false };
    const { status, said } = answer;
    if (status < 300) tally.done += 1;
    const isAsItIs = status === 304 || status === 409;
    if (status >= 300 && !isAsItIs && said !== FAULT) {
      this.faults.push(`${step}: ${method} ${path} was answered with ${status} ${said}`);
    }
    return { isRefused: status >= 300 };
  }

  /** Where it is on the engine, or null; which the model is to know, and no other may have come in its place. */
  #look(id: number): string | null {
    const { uid, removals } = this.model.get(id);
    const found = [...this.#simulation.daemon.containers.values()].filter(
      ({ config, status }) => config.Labels?.[LABEL.uid] === uid && status !== "removing",
    );
    const [first, ...others] = found.map((container) => container.id);
    const wrong = this.model.see(id, first ?? null);
    if (wrong !== null) this.faults.push(wrong);
    const creates = this.#scene.witness.createsOf(uid);
    if (others.length > 0 || creates > 1 + removals) {
      this.faults.push(
        `container ${id} was made ${creates} times, a hand has removed ${removals}: ${found.map((container) => container.id).join(", ")}`,
      );
    }
    return first ?? null;
  }

  async #fail(step: Exclude<Step, OfContainer | "create">, number: number): Promise<void> {
    const { faults } = this.#simulation;
    const call = CHANGES[number % CHANGES.length] ?? "create";
    const times = 1 + (number % 3);
    const answer: FaultEffect = { kind: "answer", status: 500, body: FAULT };
    const lists: FaultEffect[] = [answer, { kind: "cut", after_bytes: 50 }, { kind: "truncate", after_bytes: 50 }];
    switch (step) {
      case "slow call":
        return void faults.add({ call, effect: { kind: "none" }, latency_ms: number / 3, times });
      case "failed call":
        return void faults.add({ call, effect: answer, times });
      case "lost answer":
        return void faults.add({ call, effect: { kind: "drop", when: number % 2 === 0 ? "before" : "after" }, times });
      case "broken list":
        return void faults.add({ call: "list", effect: lists[number % lists.length] ?? answer, times });
      case "odd events":
        faults.events = { drop: number / 3_000, duplicate: number / 2_000, reorder: number / 2_000 };
        return;
      case "wrong clock":
        return faults.skewClock((number - 500) * 10_000);
      case "cut wires":
        return this.#simulation.dropConnections();
      case "engine's restart":
        this.#hitsBefore = this.hits;
        return this.#scene.engine.restart();
      case "reconciler's death":
        this.#scene.berth.reconciler.kill("SIGKILL");
        await this.#scene.berth.reconciler.exited;
        return this.#scene.berth.startReconciler();
      case "all well":
        return faults.clear();
    }
  }
}

const OF_CONTAINER = ["start", "restart", "stop", "limit", "rename", "delete", ...BY_HAND] as const satisfies Step[];
type OfContainer = (typeof OF_CONTAINER)[number];
const isOfContainer = (step: Step): step is OfContainer => (OF_CONTAINER as readonly Step[]).includes(step);

/** Null where Berth refuses because its GPUs are another's; what has none is never refused. */
async function unlessBusy<Result>(gpus: number, ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask();
  } catch (error) {
    if (gpus > 0 && error instanceof BerthClientError && error.code === "CONFLICT") return null;
    throw error;
  }
}
