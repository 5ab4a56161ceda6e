import { connectEngine } from "@berth/docker/connect-engine.ts";
import type { Engine, EngineEvent } from "@berth/docker/engine.ts";
import { parseEngineUrl } from "@berth/docker/engine-url.ts";
import { heldGenerationOf, LABEL } from "@berth/spec/engine-names.ts";
import type { EngineTls } from "@berth/spec/machine.ts";

interface WitnessedMachine {
  engine: { url: string; tls?: EngineTls };
}

interface SeenContainer {
  id: string;
  uid: string;
  name: string;
  generation: string;
  hasRun: boolean;
}

export interface Verdict {
  /** Created by Berth. */
  created: number;
  /** Created while there was another of the same row that was not set aside; or again, though nobody took the first away. */
  duplicates: string[];
  /** Removed though nobody had asked for anything that removes them; save what a recreate that was given up had made. */
  losses: string[];
}

/** Sees every container come and go on engines, whatever lists and rows say later. */
export class Witness {
  readonly #abort = new AbortController();
  readonly #engines: Engine[] = [];
  readonly #living = new Map<string, SeenContainer>();
  readonly #gone: SeenContainer[] = [];
  /** Rows' uids and engines' ids. */
  readonly #mayGo = new Set<string>();
  readonly #verdict: Verdict = { created: 0, duplicates: [], losses: [] };

  private constructor() {}

  /** Resolves when it sees what happens. */
  static async of(machines: readonly WitnessedMachine[]): Promise<Witness> {
    const witness = new Witness();
    await Promise.all(machines.map(({ engine }) => witness.#follow(engine)));
    return witness;
  }

  /**
   * Asks for something that removes all containers of a row's uid, or the one with an engine's id. From then on it is no
   * loss that they go; unless that was refused, for then nobody has asked for it.
   */
  async expectRemovalOf<Answer>(id: string, ask: () => Promise<Answer>): Promise<Answer> {
    const mightGoBefore = this.#mayGo.has(id);
    const goneBefore = this.#gone.length;
    this.#mayGo.add(id);
    try {
      return await ask();
    } catch (error) {
      if (!mightGoBefore) {
        this.#mayGo.delete(id);
        // What went meanwhile was excused by it.
        for (const gone of this.#gone.slice(goneBefore)) if (gone.uid === id || gone.id === id) this.#judge(gone);
      }
      throw error;
    }
  }

  verdict(): Verdict {
    return this.#verdict;
  }

  close(): void {
    this.#abort.abort();
    for (const engine of this.#engines) engine.close();
  }

  async #follow({ url, tls }: WitnessedMachine["engine"]): Promise<void> {
    const engine = connectEngine(parseEngineUrl(url, tls && { tls }));
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
    const name = attributes["name"] ?? "";
    if (action === "create") {
      this.#create({ id, uid, name, generation: attributes[LABEL.generation] ?? "", hasRun: false });
    } else if (action === "start" && container) {
      container.hasRun = true;
    } else if (action === "rename" && container) {
      container.name = name;
    } else if (action === "destroy" && container) {
      this.#living.delete(id);
      this.#gone.push(container);
      this.#judge(container);
    }
  }

  #create(created: SeenContainer): void {
    const { duplicates } = this.#verdict;
    const { uid, generation } = created;
    const twin = [...this.#living.values()].find((other) => other.uid === uid && !isSetAside(other));
    const first = this.#gone.find(
      (other) => other.uid === uid && other.generation === generation && !other.hasRun && !this.#isExcused(other),
    );
    if (twin) duplicates.push(`${tell(created)}, beside ${tell(twin)}`);
    else if (first) duplicates.push(`${tell(created)}, again: the first one was removed before it had run`);
    this.#living.set(created.id, created);
    this.#verdict.created += 1;
  }

  #judge(gone: SeenContainer): void {
    if (this.#isExcused(gone)) return;
    // A recreate that fails takes away what it made and puts back what it set aside.
    const isGivenUp =
      !gone.hasRun && this.#living.values().some((other) => other.uid === gone.uid && isSetAside(other));
    if (!isGivenUp) this.#verdict.losses.push(gone.hasRun ? tell(gone) : `${tell(gone)}, before it had run`);
  }

  #isExcused({ uid, id }: SeenContainer): boolean {
    return this.#mayGo.has(uid) || this.#mayGo.has(id);
  }
}

const isSetAside = ({ name, uid }: SeenContainer): boolean => heldGenerationOf(name, uid) !== null;

const tell = ({ name, generation }: SeenContainer): string => `${name} of generation ${generation}`;
