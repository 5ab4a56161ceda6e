import { type DepartedHold, forgetHolds } from "@berth/db/containers/hold.ts";
import type { ListedContainer } from "@berth/docker/engine.ts";
import { heldNameOf, LABEL } from "@berth/spec/engine-names.ts";
import { isCurrentName } from "../containers/ownership.ts";
import { isAnswer } from "../failures.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { MachineSession } from "./machine-session.ts";

const STOP_GRACE_S = 10;
const RETRY_MS = 5_000;

/**
 * What containers that have moved to another machine left here: kept until its time is over, under a name that leaves
 * theirs free, and never running.
 */
export class Departed {
  readonly #session: MachineSession;
  #holds = new Map<string, DepartedHold>();
  #missing = new Set<string>();

  constructor(session: MachineSession) {
    this.#session = session;
  }

  async load(): Promise<void> {
    const holds = await this.#session.context.loads.departed(this.#session.row.machine_id);
    this.#holds = new Map(holds.map((hold) => [hold.engine_id, hold]));
  }

  /** A notice that one of them is nobody's any more may have been lost. */
  async refresh(): Promise<void> {
    if (this.#holds.size > 0) await this.load();
  }

  has = (engineId: string): boolean => this.#holds.has(engineId);
  /** Of a container that has moved, or is gone since. */
  hasOf = (uid: string): boolean => [...this.#holds.values()].some((hold) => hold.uid === uid);

  /** From a list of the whole machine. */
  async keep(listed: readonly ListedContainer[]): Promise<void> {
    if (this.#holds.size === 0) return;
    for (const container of listed) {
      const hold = this.#holds.get(container.id);
      if (hold) await this.#keepOne(container, hold).catch((error: unknown) => this.#leave(container, error));
    }
    await this.#forgetGone(new Set(listed.map(({ id }) => id)));
  }

  /** What the engine refuses for one of them must not keep the machine from being looked at. */
  #leave({ id }: ListedContainer, error: unknown): void {
    if (!isAnswer(error)) throw error;
    this.#session.log.warn({ engineId: id, err: error }, "could not keep what a move left behind");
    this.#session.enqueueMachine(PRIORITY.retry, RETRY_MS);
  }

  async #keepOne(container: ListedContainer, hold: DepartedHold): Promise<void> {
    const session = this.#session;
    const { id, name, state } = container;
    if (state === "removing" || state === "dead") return;
    if (state === "paused") await session.mutate(() => session.engine.unpauseContainer(id));
    if (state !== "exited" && state !== "created") {
      await session.mutate(() => session.engine.stopContainer(id, STOP_GRACE_S));
    }
    if (hold.held_until.getTime() <= session.now()) {
      session.log.info({ engineId: id, name }, "removing what a move left behind, whose time is over");
      await session.mutate(() => session.engine.removeContainer(id));
      await this.#forget([id]);
      return;
    }
    const isNamedAsCurrent = isCurrentName(name, container.labels[LABEL.uid] ?? "");
    if (isNamedAsCurrent) {
      await session.mutate(() => session.engine.renameContainer(id, heldNameOf(name, hold.generation)));
    }
  }

  /** What two lists in a row did not have protects nothing any more. */
  async #forgetGone(present: ReadonlySet<string>): Promise<void> {
    const missing = [...this.#holds.keys()].filter((engineId) => !present.has(engineId));
    const gone = missing.filter((engineId) => this.#missing.has(engineId));
    this.#missing = new Set(missing);
    if (gone.length > 0) await this.#forget(gone);
  }

  async #forget(engineIds: readonly string[]): Promise<void> {
    await forgetHolds(this.#session.sql, this.#session.fence(), engineIds);
    for (const engineId of engineIds) this.#holds.delete(engineId);
  }
}
