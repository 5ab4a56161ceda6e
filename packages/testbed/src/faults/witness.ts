import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine, EngineEvent } from "@berth/docker/engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import type { StageMachine } from "./stage.ts";

interface LivingContainer {
  uid: string;
  generation: string;
  hasRun: boolean;
}

export interface Verdict {
  /** Created by Berth. */
  created: number;
  /** Created while there was one of the same row and generation already. */
  duplicates: string[];
  /** Removed after they had run, though nobody had asked for anything that removes them. */
  losses: string[];
}

/** Sees every container come and go on engines, whatever lists and rows say later. */
export class Witness {
  readonly #abort = new AbortController();
  readonly #engines: Engine[] = [];
  readonly #living = new Map<string, LivingContainer>();
  readonly #mayGo = new Set<string>();
  readonly #verdict: Verdict = { created: 0, duplicates: [], losses: [] };

  private constructor() {}

  /** Resolves when it sees what happens. */
  static async of(machines: readonly StageMachine[]): Promise<Witness> {
    const witness = new Witness();
    await Promise.all(machines.map(({ engine }) => witness.#follow(engine)));
    return witness;
  }

  /** A row's uid, or an engine's id, of which somebody is about to ask for something that removes a container. */
  expectRemovalOf(id: string): void {
    this.#mayGo.add(id);
  }

  verdict(): Verdict {
    return this.#verdict;
  }

  close(): void {
    this.#abort.abort();
    for (const engine of this.#engines) engine.close();
  }

  async #follow({ url, tls }: StageMachine["engine"]): Promise<void> {
    const engine = connectEngine(parseEngineUrl(url, { tls }));
    this.#engines.push(engine);
    const connected = Promise.withResolvers<void>();
    const { signal } = this.#abort;
    const read = async (): Promise<void> => {
      for await (const event of engine.events({ labels: {}, signal, connected: connected.resolve })) this.#see(event);
      throw new Error(`the events of ${url} ended`);
    };
    read().catch((error: Error) => {
      if (!signal.aborted) this.#verdict.losses.push(`the witness has seen no more: ${error.message}`);
    });
    await connected.promise;
  }

  #see({ type, action, actor_id: id, attributes }: EngineEvent): void {
    const uid = attributes[LABEL.uid];
    if (type !== "container" || uid === undefined) return;
    const container = this.#living.get(id);
    if (action === "create") {
      const generation = attributes[LABEL.generation] ?? "";
      const isTwin = (other: LivingContainer): boolean => other.uid === uid && other.generation === generation;
      const twin = this.#living.values().find(isTwin);
      if (twin) this.#verdict.duplicates.push(`${attributes["name"]} of generation ${generation}`);
      this.#living.set(id, { uid, generation, hasRun: false });
      this.#verdict.created += 1;
    } else if (action === "start" && container) {
      container.hasRun = true;
    } else if (action === "destroy") {
      this.#living.delete(id);
      if (container?.hasRun && !this.#mayGo.has(uid) && !this.#mayGo.has(id)) {
        this.#verdict.losses.push(`${attributes["name"]} of generation ${container.generation}`);
      }
    }
  }
}
