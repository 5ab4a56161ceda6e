import type { BerthClient } from "@berth/api/client.ts";
import type { Container, ContainerPhase, ObjectEvent } from "@berth/spec/container.ts";
import { engineNameOf } from "@berth/spec/engine-names.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import type { ScenarioEngine } from "./scenario-engine.ts";

/** Generous: a test's machine may be busy with others. What must be quick is asserted apart. */
const PATIENCE_MS = 60_000;

/** What Docker's own command line says of an engine container. */
export interface SeenOnEngine {
  id: string;
  name: string;
  /** "running", "exited", … */
  state: string;
}

/** A container as its owner follows it through the API, and as it really is on its engine. */
export class WatchedContainer {
  readonly container_id: number;
  readonly uid: string;
  /** As its owner calls it. */
  readonly name: string;
  readonly owner: BerthClient;
  readonly engine: ScenarioEngine;

  constructor(owner: BerthClient, engine: ScenarioEngine, { container_id, uid, name }: Container) {
    this.owner = owner;
    this.engine = engine;
    this.container_id = container_id;
    this.uid = uid;
    this.name = name;
  }

  get ref(): { container_id: number } {
    return { container_id: this.container_id };
  }

  see(): Promise<Container> {
    return this.owner.container.get.query(this.ref);
  }

  /** Waits until the API shows it so; throws with what it showed last. */
  async until(what: string, condition: (seen: Container) => boolean, timeoutMs = PATIENCE_MS): Promise<Container> {
    let seen = await this.see();
    try {
      await waitUntil(what, timeoutMs, async () => condition((seen = await this.see())));
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(seen)}, ${(await this.told()).join(" | ")}`, {
        cause: error,
      });
    }
    return seen;
  }

  /** Waits until the newest wish was seen by the reconciler, and has led to `phase`. */
  reaches(phase: ContainerPhase, timeoutMs?: number): Promise<Container> {
    return this.until(
      `phase ${phase}`,
      (seen) => seen.phase === phase && seen.observed_generation === seen.generation,
      timeoutMs,
    );
  }

  /** Waits until its owner can't see it any more. */
  async isGone(): Promise<void> {
    await waitUntil("the container to be gone", PATIENCE_MS, async () => {
      const { items } = await this.owner.container.list.query({ limit: 500 });
      return items.every(({ container_id }) => container_id !== this.container_id);
    });
  }

  /** What happened to it, oldest first. */
  async events(): Promise<ObjectEvent[]> {
    return (await this.owner.container.events.query({ ...this.ref, limit: 500 })).items.toReversed();
  }

  /** The same, as `Reason: message`. */
  async told(): Promise<string[]> {
    return (await this.events()).map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Waits for an event that contains `text`. */
  async tells(text: string): Promise<void> {
    let told: string[] = [];
    try {
      await waitUntil(text, PATIENCE_MS, async () => (told = await this.told()).some((event) => event.includes(text)));
    } catch (error) {
      throw new Error(`never told "${text}", but: ${told.join(" | ")}`, { cause: error });
    }
  }

  /** All that the engine has with its uid, what was set aside included. */
  async allOnEngine(): Promise<SeenOnEngine[]> {
    const filter = `label=berth.uid=${this.uid}`;
    const format = "{{.ID}} {{.Names}} {{.State}}";
    const lines = await this.engine.docker("ps", "--all", "--no-trunc", "--filter", filter, "--format", format);
    return lines
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [id = "", name = "", state = ""] = line.split(" ");
        return { id, name, state };
      });
  }

  /** The engine container that bears its name now; throws where there is none. */
  async onEngine(): Promise<SeenOnEngine> {
    const name = await this.engineName();
    const all = await this.allOnEngine();
    const current = all.find((container) => container.name === name);
    if (!current) throw new Error(`${this.engine.name} has no ${name}, but ${JSON.stringify(all)}`);
    return current;
  }

  async engineName(): Promise<string> {
    return engineNameOf((await this.see()).name, this.uid);
  }

  /** One value of the engine's own inspection, by a template as Docker's command line takes it. */
  async inspect(template: string): Promise<string> {
    return this.engine.docker("container", "inspect", "--format", template, (await this.onEngine()).id);
  }

  /** Waits until the engine's own list shows it in this state, under its name. */
  async isOnEngine(state: string): Promise<SeenOnEngine> {
    let all: SeenOnEngine[] = [];
    const name = await this.engineName();
    const find = () => all.find((container) => container.name === name && container.state === state);
    try {
      await waitUntil(`${name} to be ${state}`, PATIENCE_MS, async () => {
        all = await this.allOnEngine();
        return find() !== undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(all)}, ${(await this.told()).join(" | ")}`, {
        cause: error,
      });
    }
    return find()!;
  }

  /** Runs a shell script inside. */
  async shell(script: string): Promise<string> {
    return this.engine.docker("exec", (await this.onEngine()).id, "sh", "-c", script);
  }
}
