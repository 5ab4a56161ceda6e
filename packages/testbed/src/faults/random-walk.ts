import { BerthClientError } from "@berth/api/client.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { askEngine } from "../scenario/engine-by-hand.ts";
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

/** Random wishes, hands and faults, and the model of what must come of them: the same steps for the same `random`. */
export class RandomWalk {
  readonly model = new Model();
  /** What was done, in order. */
  readonly steps: string[] = [];
  readonly #scene: FaultyScene;
  readonly #random: () => number;
  #made = 0;

  constructor(scene: FaultyScene, random: () => number) {
    this.#scene = scene;
    this.#random = random;
  }

  async step(): Promise<void> {
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

  /** Takes all faults away, and has every owner say a last word: what failed often would rest for minutes before. */
  async settle(): Promise<void> {
    this.#simulation.faults.clear();
    this.#simulation.dropConnections();
    for (const [id] of this.model.containers) await this.#change("limit", id, 1_001);
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
    const created = await unlessBusy(() =>
      this.#scene.scene.create({ ...wish, desired, if_busy: "fail", ports: number % 2 === 0 ? ports : [] }),
    );
    if (!created) return;
    const shouldRun = desired === "running";
    const { name, memory, gpu_count: gpus } = wish;
    this.model.create(created.container_id, { uid: created.uid, name, memory, gpus, shouldRun });
  }

  async #change(step: OfContainer, id: number, number: number): Promise<void> {
    const { model } = this;
    const ref = { container_id: id };
    const { container } = this.#scene.berth.admin;
    const engineId = this.#look(id);
    const byHand = (method: string, path: string) =>
      askEngine(this.#scene.engine.socket_path, method, `/containers/${engineId}${path}`).catch(() => false);
    switch (step) {
      case "start":
        return void ((await unlessBusy(() => container.start.mutate(ref))) && model.start(id));
      case "restart":
        return void ((await unlessBusy(() => container.restart.mutate(ref))) && model.start(id));
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
      case "kill by hand":
        return void (await byHand("POST", "/kill"));
      case "stop by hand":
        return void (await byHand("POST", "/stop?t=0"));
      case "pause by hand":
        return void (await byHand("POST", "/pause"));
      case "rename by hand":
        return void (await byHand("POST", `/rename?name=by-hand-${id}-${number}`));
      case "start by hand":
        return void (await byHand("POST", "/start"));
      case "remove by hand":
        await byHand("DELETE", "?force=1");
        return model.removeByHand(id);
    }
  }

  /** Where it is on the engine, which the model is to know. */
  #look(id: number): string {
    const { uid } = this.model.get(id);
    const found = [...this.#simulation.daemon.containers.values()].find(
      ({ config, status }) => config.Labels?.[LABEL.uid] === uid && status !== "removing",
    );
    if (found) this.model.see(id, found.id);
    return found?.id ?? "0".repeat(64);
  }

  async #fail(step: Exclude<Step, OfContainer | "create">, number: number): Promise<void> {
    const { faults } = this.#simulation;
    const call = CHANGES[number % CHANGES.length] ?? "create";
    const times = 1 + (number % 3);
    const answer: FaultEffect = { kind: "answer", status: 500, body: '{"message":"a fault"}' };
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

const OF_CONTAINER = [
  "start",
  "restart",
  "stop",
  "limit",
  "rename",
  "delete",
  "kill by hand",
  "stop by hand",
  "pause by hand",
  "rename by hand",
  "start by hand",
  "remove by hand",
] as const satisfies Step[];
type OfContainer = (typeof OF_CONTAINER)[number];
const isOfContainer = (step: Step): step is OfContainer => (OF_CONTAINER as readonly Step[]).includes(step);

/** Null where Berth refuses because its GPUs are another's. */
async function unlessBusy<Result>(ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BerthClientError && error.code === "CONFLICT") return null;
    throw error;
  }
}
