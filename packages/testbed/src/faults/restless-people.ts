import { setTimeout as delay } from "node:timers/promises";
import { BerthClientError } from "@berth/api/client.ts";
import type { Container } from "@berth/spec/container.ts";
import { CommandError } from "../fleet/run-command.ts";
import { listOurs } from "./on-engine.ts";
import type { Stage } from "./stage.ts";
import type { Witness } from "./witness.ts";

const CONTAINERS_AT_MOST = 6;
/** Of what is done, by hand. */
const MEDDLED = 0.15;
const PAUSE_AT_MOST_MS = 150;

/** Users who change their minds all the time, and a hand on the engines. The witness is told what they may well lose by it. */
export class RestlessPeople {
  /** Things done, refused ones included. */
  asked = 0;
  readonly #stage: Stage;
  readonly #witness: Witness;
  readonly #random: () => number;
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

  async #play(): Promise<void> {
    while (!this.#isOver) {
      await this.#ask().catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
      });
      this.asked += 1;
      if (this.#random() < MEDDLED) {
        await this.#meddle().catch((error: unknown) => {
          // What is gone by now, or does not run, can't be killed or paused.
          if (!(error instanceof CommandError)) throw error;
        });
      }
      await delay(this.#random() * PAUSE_AT_MOST_MS);
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
      await this.#stage.create(`random-${(this.#made += 1)}`, machine, { ports });
      return;
    }
    const { container_id, uid, name } = one;
    const env = { N: String(this.#random()) };
    const removing = <Answer>(verb: () => Promise<Answer>): Promise<Answer> => {
      this.#witness.expectRemovalOf(uid);
      return verb();
    };
    const asks: (() => Promise<Container>)[] = [
      () => api.stop.mutate({ container_id }),
      () => api.start.mutate({ container_id }),
      () => api.update.mutate({ container_id, memory: 32 + Math.floor(this.#random() * 32) }),
      () => api.update.mutate({ container_id, name: `${name.slice(0, 20)}-r` }),
      () => api.update.mutate({ container_id, env, recreate: "preserve" }),
      () => removing(() => api.update.mutate({ container_id, env, recreate: "discard" })),
      () => removing(() => api.delete.mutate({ container_id })),
    ];
    await this.#pick(asks)?.();
  }

  /** One thing that a person does on an engine behind Berth's back. */
  async #meddle(): Promise<void> {
    const machine = this.#pick(this.#stage.machines);
    const one = machine && this.#pick((await listOurs(machine.engine)).filter(({ name }) => !/-old-\d+$/.test(name)));
    if (!one) return;
    const what = this.#pick([["kill"], ["pause"], ["rm", "-f"]]) ?? [];
    if (what[0] === "rm") this.#witness.expectRemovalOf(one.id);
    await machine.engine.docker(...what, one.id);
  }
}

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
