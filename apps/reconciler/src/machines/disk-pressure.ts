import { EngineError } from "@berth/docker/engine.ts";
import type { Claim } from "@berth/spec/condition.ts";
import { isDiskFull } from "../plan/disk-level.ts";
import { PRIORITY } from "../queue/work-queue.ts";
import type { MachineSession } from "./machine-session.ts";

/** Whoever lacks space asks again within five minutes: where nobody has for longer, nobody lacks any. */
const FELT_MS = 11 * 60_000;
/** Where the last image that went has made no room, nothing more may be there to go. */
const RELIEVE_AGAIN_MS = 60_000;

/** Docker's words, on every generation, whatever it was about to write. */
export const isSpaceLacking = (error: unknown): boolean =>
  error instanceof EngineError && /no space left on device|disk quota exceeded/i.test(error.message);

/** A machine's disk, as its engine's own refusals and the probe's readings tell it. */
export class DiskPressure {
  readonly #session: MachineSession;
  #last: { message: string; at: number } | null = null;
  #isFull = false;
  #relieved: { free: number; at: number } | null = null;

  constructor(session: MachineSession) {
    this.#session = session;
  }

  get isFelt(): boolean {
    return this.#last !== null && performance.now() - this.#last.at < FELT_MS;
  }

  /** A call failed. For want of space: then room is made. */
  notice(error: unknown): void {
    if (!isSpaceLacking(error)) return;
    const { message } = error as EngineError;
    const isNews = !this.isFelt;
    this.#last = { message, at: performance.now() };
    this.#session.images.relieve();
    if (!isNews) return;
    this.#session.enqueueMachine(PRIORITY.event);
    this.#tell(message);
  }

  #tell(message: string): void {
    const { machine_id } = this.#session.owner;
    this.#session.context.told.tell({
      noun: "machine",
      id: machine_id,
      kind: "warning",
      reason: "DiskPressure",
      message,
    });
  }

  /** The probe measured it, MiB: from 85 % used on, images go until it is 80 %. */
  measure(disk: { total: number; free: number }): void {
    const wasFull = this.#isFull;
    this.#isFull = isDiskFull(wasFull, disk);
    if (this.#isFull !== wasFull) this.#session.enqueueMachine(PRIORITY.event);
    if (!this.#isFull) {
      this.#relieved = null;
      return;
    }
    if (!wasFull) this.#tell(this.#describeFull());
    const hasHelped = this.#relieved === null || disk.free > this.#relieved.free;
    if (!hasHelped && this.#relieved && performance.now() - this.#relieved.at < RELIEVE_AGAIN_MS) return;
    this.#relieved = { free: disk.free, at: performance.now() };
    this.#session.images.relieve();
  }

  /** What needs much of the disk has gone well. */
  end(): void {
    if (this.#last === null) return;
    this.#last = null;
    this.#session.enqueueMachine(PRIORITY.event);
  }

  claim(): Claim[] {
    if (this.#last === null || !this.isFelt) {
      if (!this.#isFull) return [];
      return [{ type: "DiskPressure", status: "true", reason: "NearlyFull", message: this.#describeFull() }];
    }
    const message =
      `Docker's disk is full (${this.#last.message}). Images of Berth's that nothing uses are removed. ` +
      "Where that is not enough: delete containers or images there, remove what is not Berth's, or add space.";
    return [{ type: "DiskPressure", status: "true", reason: "NoSpaceLeft", message }];
  }

  #describeFull(): string {
    return (
      "More than 85 % of the disk that Docker's data is on was used, and it is not below 80 % yet. Images of Berth's that " +
      "nothing uses are removed. Where that is not enough: delete containers or images there, or add space."
    );
  }
}
