/** The calls that a fault or a timing can name. */
export type EngineCall =
  | "ping"
  | "version"
  | "info"
  | "events"
  | "list"
  | "inspect"
  | "create"
  | "start"
  | "stop"
  | "restart"
  | "kill"
  | "pause"
  | "unpause"
  | "remove"
  | "rename"
  | "update"
  | "wait"
  | "logs"
  | "stats"
  | "attach"
  | "resize"
  | "top"
  | "changes"
  | "exec_create"
  | "exec_start"
  | "exec_inspect"
  | "archive_get"
  | "archive_put"
  | "exec_resize"
  | "image_list"
  | "image_inspect"
  | "image_history"
  | "pull"
  | "push"
  | "tag"
  | "build"
  | "distribution"
  | "image_remove"
  | "commit"
  | "volume_list"
  | "volume_inspect"
  | "volume_create"
  | "volume_remove"
  | "networks";

/** What goes wrong with a call. Faults are data, so that a trace can hold them. */
export type FaultEffect =
  /** Answers this instead of doing anything. */
  | { kind: "answer"; status: number; body: string; content_type?: string; headers?: Record<string, string> }
  /** The connection ends before anything happens (`before`), or after the engine did what was asked (`after`). */
  | { kind: "drop"; when: "before" | "after" }
  /** The answer's body ends after so many bytes, with the connection. */
  | { kind: "cut"; after_bytes: number }
  /** The answer's body ends after so many bytes as if it were whole. */
  | { kind: "truncate"; after_bytes: number }
  /** Nothing more comes after so many bytes of the body, and the connection stays. */
  | { kind: "stall"; after_bytes: number }
  /** The call hangs before anything happens, until the fault is taken away. */
  | { kind: "hang" }
  /** Only late. */
  | { kind: "none" };

export interface CallFault {
  call: EngineCall | "*";
  effect: FaultEffect;
  /** Added before the call does anything. */
  latency_ms?: number;
  /** How many calls it hits; all while absent. */
  times?: number;
}

/** What goes wrong with events, each as a share between 0 and 1 of those that match. */
export interface EventFaults {
  drop: number;
  duplicate: number;
  /** Told after the next event instead of before it. */
  reorder: number;
  /** Only events of this action; all while absent. */
  action?: string;
}

const NO_EVENT_FAULTS: EventFaults = { drop: 0, duplicate: 0, reorder: 0 };

/** What is wrong with one engine now. Changes take effect with the next call or event. */
export class Faults {
  events: EventFaults = NO_EVENT_FAULTS;
  /**
   * How long after an end, a pause or a rename was told lists still show the container as it was (its old name beside the
   * new one); some 90 ms on Docker 20.10. An engine's way rather than a fault: {@link clear} leaves it.
   */
  list_lag_ms = 0;
  /** No room where Docker keeps its data: whatever makes or changes a container or an image says so. What is there stays. */
  isDiskFull = false;
  /** How often each call was hit. */
  readonly hits: Partial<Record<EngineCall, number>> = {};
  #calls: { fault: CallFault; left: number }[] = [];
  #released: (() => void)[] = [];
  readonly #setSkew: (ms: number) => void;

  constructor(setSkew: (ms: number) => void) {
    this.#setSkew = setSkew;
  }

  /** Returns what takes the fault away again. */
  add(fault: CallFault): () => void {
    const entry = { fault, left: fault.times ?? Infinity };
    this.#calls.push(entry);
    return () => {
      this.#calls = this.#calls.filter((other) => other !== entry);
      this.#release();
    };
  }

  /** Shifts the engine's clock: what it reports, never how long things take. */
  skewClock(ms: number): void {
    this.#setSkew(ms);
  }

  clear(): void {
    this.#calls = [];
    this.events = NO_EVENT_FAULTS;
    this.isDiskFull = false;
    this.#setSkew(0);
    this.#release();
  }

  /** The oldest fault that names the call, counted as used. */
  take(call: EngineCall): CallFault | null {
    const entry = this.#calls.find(({ fault, left }) => left > 0 && (fault.call === call || fault.call === "*"));
    if (!entry) return null;
    entry.left--;
    this.hits[call] = (this.hits[call] ?? 0) + 1;
    return entry.fault;
  }

  /** Resolves when a fault is taken away. */
  released(): Promise<void> {
    return new Promise((resolve) => this.#released.push(resolve));
  }

  #release(): void {
    for (const resolve of this.#released.splice(0)) resolve();
  }
}
