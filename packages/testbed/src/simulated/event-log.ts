import { type EngineTime, secondsOf } from "./engine-time.ts";
import type { EventFaults } from "./faults.ts";

export interface EngineEventMessage {
  Type: "container" | "image" | "volume" | "network";
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local";
  time: number;
  timeNano: bigint;
  /** The names that events had before API 1.22, which engines still send. */
  status?: string;
  id?: string;
  from?: string;
}

/** Docker remembers this many events of all kinds. */
const REMEMBERED = 256;

/** What happened on one engine: told to who listens now, and remembered for who asks later. */
export class EventLog {
  readonly #time: EngineTime;
  readonly #faults: () => EventFaults;
  /** Between 0 and 1: the same sequence for the same seed, so that a failure can be played again. */
  readonly #random: () => number;
  readonly #listeners = new Set<(event: EngineEventMessage) => void>();
  #remembered: EngineEventMessage[] = [];
  #heldBack: EngineEventMessage | null = null;

  constructor(time: EngineTime, faults: () => EventFaults, random: () => number) {
    this.#time = time;
    this.#faults = faults;
    this.#random = random;
  }

  publish(type: EngineEventMessage["Type"], action: string, id: string, attributes: Record<string, string>): void {
    const timeNano = this.#time.nowNs();
    const sorted = Object.fromEntries(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const event: EngineEventMessage = {
      ...(type === "container" || type === "image" ? { status: action, id } : {}),
      ...(type === "container" ? { from: attributes["image"] ?? "" } : {}),
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: sorted },
      scope: "local",
      time: secondsOf(timeNano),
      timeNano,
    };
    this.#remembered.push(event);
    if (this.#remembered.length > REMEMBERED) this.#remembered.shift();
    this.#deliver(event);
  }

  /** Remembered events from `sinceNs` on, oldest first. */
  since(sinceNs: bigint): EngineEventMessage[] {
    return this.#remembered.filter((event) => event.timeNano >= sinceNs);
  }

  /** How many listen now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  listen(listener: (event: EngineEventMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  #deliver(event: EngineEventMessage): void {
    const { drop, duplicate, reorder, action } = this.#faults();
    const isHit = (share: number): boolean => {
      return share > 0 && (action === undefined || event.Action === action) && this.#random() < share;
    };
    if (isHit(drop)) return;
    const held = this.#heldBack;
    this.#heldBack = null;
    if (!held && isHit(reorder)) {
      this.#heldBack = event;
      return;
    }
    const copies = isHit(duplicate) ? [event, event] : [event];
    for (const copy of held ? [...copies, held] : copies) for (const listener of this.#listeners) listener(copy);
  }
}

/** One line of the stream. The time is written by hand: it does not fit a JSON number of JavaScript. */
export function eventLine(event: EngineEventMessage): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(rest).slice(0, -1)},"timeNano":${timeNano}}\n`;
}
