import { setTimeout as delay } from "node:timers/promises";
import { BerthClientError } from "@berth/api/client.ts";
import { CommandError } from "../fleet/run-command.ts";
import { listOurs } from "./on-engine.ts";
import type { Stage } from "./stage.ts";
import type { Witness } from "./witness.ts";

const CONTAINERS_AT_MOST = 6;
/** Of what is done, by hand. */
const MEDDLED = 0.15;
const PAUSE_AT_MOST_MS = 150;

/** What owners ask of Berth, and what a person does on an engine. */
const VERBS = ["create", "stop", "start", "limit", "rename", "preserve", "discard", "delete"] as const;
const EDITS = ["kill", "pause", "rm"] as const;
type Verb = (typeof VERBS)[number];
type Edit = (typeof EDITS)[number];

/** What finds little to be done where a reconciler lives for a second at a time. */
const RARE: ReadonlySet<Verb | Edit> = new Set(["preserve", "kill", "pause"]);

/** Users who change their minds all the time, and a hand on the engines. The witness is told what they may well lose by it. */
export class RestlessPeople {
  readonly #stage: Stage;
  readonly #witness: Witness;
  readonly #random: () => number;
  readonly #tally = new Map<Verb | Edit, { tried: number; done: number }>();
  #made = 0;
  #isOver = false;
  #playing: Promise<void> | null = null;

  constructor(stage: Stage, witness: Witness, random: () => number) {
    this.#stage = stage;
    this.#witness = witness;
    this.#random = random;
  }

  begin(): void {
    this.#isOver = false;
    this.#playing = this.#play();
    this.#playing.catch(() => {}); // `end` throws it
  }

  /** Resolves when the last thing is done. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#playing;
  }

  /** What was done, and how often of how many tries. */
  summary(): string {
    return [...VERBS, ...EDITS]
      .map((what) => {
        const { done, tried } = this.#tallyOf(what);
        return `${what} ${done}${done === tried ? "" : ` of ${tried}`}`;
      })
      .join(", ");
  }

  /** In words, what these people never got done, though they tried for too long for that to be chance: it was not tested. */
  neverDone(): string[] {
    const asked = VERBS.reduce((sum, verb) => sum + this.#tallyOf(verb).tried, 0);
    return [...VERBS, ...EDITS].flatMap((what) => {
      const { done, tried } = this.#tallyOf(what);
      const isEnough = RARE.has(what) ? tried >= 60 || asked >= 2_000 : tried >= 15 || asked >= 300;
      return done === 0 && isEnough ? [`${what} was tried ${tried} times, and never done`] : [];
    });
  }

  async #play(): Promise<void> {
    while (!this.#isOver) {
      await this.#ask();
      if (this.#random() < MEDDLED) await this.#meddle();
      await delay(this.#random() * PAUSE_AT_MOST_MS);
    }
  }

  #tallyOf(what: Verb | Edit): { tried: number; done: number } {
    return this.#tally.get(what) ?? { tried: 0, done: 0 };
  }

  async #try(what: Verb | Edit, act: () => Promise<unknown>, isRefused: (error: unknown) => boolean): Promise<void> {
    const tally = this.#tallyOf(what);
    this.#tally.set(what, tally);
    tally.tried += 1;
    try {
      await act();
      tally.done += 1;
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  /** One thing that an owner may ask for. What can't be had just now is refused, and that is all right. */
  async #ask(): Promise<void> {
    const { container: api } = this.#stage.api.admin;
    const living = (await api.list.query({})).items.filter(({ desired }) => desired !== "removed");
    const one = this.#pick(living);
    const machine = this.#pick(this.#stage.machines);
    if (!machine) throw new Error("no machines");
    if (!one || (living.length < CONTAINERS_AT_MOST && this.#random() < 0.4)) {
      const ports = [{ name: "web", kind: "http", container_port: 80 } as const];
      const name = `random-${(this.#made += 1)}`;
      return this.#try("create", () => this.#stage.create(name, machine, { ports }), isRefusal);
    }
    const { container_id, uid, name } = one;
    const env = { N: String(this.#random()) };
    const memory = 32 + Math.floor(this.#random() * 32);
    const asks: Record<Exclude<Verb, "create">, () => Promise<unknown>> = {
      stop: () => api.stop.mutate({ container_id }),
      start: () => api.start.mutate({ container_id }),
      limit: () => api.update.mutate({ container_id, memory }),
      rename: () => api.update.mutate({ container_id, name: `${name.slice(0, 20)}-r` }),
      preserve: () => api.update.mutate({ container_id, env, recreate: "preserve" }),
      // What it replaces is set aside for a day, so that nothing may go by it.
      discard: () => api.update.mutate({ container_id, env, recreate: "discard" }),
      delete: () => this.#witness.expectRemovalOf(uid, () => api.delete.mutate({ container_id })),
    };
    const [verb, ask] = this.#pick(Object.entries(asks) as [Verb, () => Promise<unknown>][])!;
    await this.#try(verb, ask, isRefusal);
  }

  /** One thing that a person does on an engine behind Berth's back. */
  async #meddle(): Promise<void> {
    const machine = this.#pick(this.#stage.machines);
    const one = machine && this.#pick((await listOurs(machine.engine)).filter(({ name }) => !/-old-\d+$/.test(name)));
    if (!one) return;
    const { engine } = machine;
    const edits: Record<Edit, () => Promise<unknown>> = {
      kill: () => engine.docker("kill", one.id),
      pause: () => engine.docker("pause", one.id),
      rm: () => this.#witness.expectRemovalOf(one.id, () => engine.docker("rm", "-f", one.id)),
    };
    const edit = this.#pick(EDITS)!;
    await this.#try(edit, edits[edit], isTooLate);
  }
}

/** What is gone by now, or does not run, can't be killed or paused. */
const isTooLate = (error: unknown): boolean => error instanceof CommandError;

/** It can't be had as things are; anything else would be a fault. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof BerthClientError && ["CONFLICT", "NOT_FOUND", "BAD_REQUEST"].includes(error.code ?? "");

/** Whether all that was asked for is done: what was taken away by hand before it could be kept is its owner's to go on from. */
export async function isAllAsAsked({ api }: Stage): Promise<boolean> {
  const { items } = await api.admin.container.list.query({});
  return items.every(
    ({ desired, phase, generation, observed_generation: seen, conditions }) =>
      seen === generation &&
      (phase === (desired === "running" ? "Running" : "Stopped") ||
        conditions.some(({ type }) => type === "ImageLost")),
  );
}
