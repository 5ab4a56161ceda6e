/** Lets `limit` pieces of work run at once; the others wait their turn. Work that takes longer than `lateMs` gives up its place. */
export class Lane {
  readonly #limit: number;
  readonly #lateMs: number | null;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, lateMs: number | null = null) {
    this.#limit = limit;
    this.#lateMs = lateMs;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#take()) await this.#turn();
    const leave = this.#hold();
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Waits for a place. Returns what gives it up; to give it up twice changes nothing. */
  async enter(): Promise<() => void> {
    if (!this.#take()) await this.#turn();
    return this.#hold();
  }

  #take(): boolean {
    const isFree = this.#running < this.#limit;
    if (isFree) this.#running += 1;
    return isFree;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hold(): () => void {
    let hasPlace = true;
    const leave = (): void => {
      if (!hasPlace) return;
      hasPlace = false;
      clearTimeout(timer);
      // The place goes straight to the next in line, so that nobody can slip in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    };
    const timer = this.#lateMs === null ? undefined : setTimeout(leave, this.#lateMs);
    return leave;
  }
}

/** An engine that takes longer for a read is not working on it. */
const LATE_MS = 500;

/** Limits that all machines share. */
export interface SharedLanes {
  reads: Lane;
  /** Streams of events that are being opened: each of a thousand handshakes at one moment would take longer than a connection may. */
  openings: Lane;
  pulls: Lane;
  pushes: Lane;
  builds: Lane;
}

export const createSharedLanes = (): SharedLanes => ({
  reads: new Lane(64, LATE_MS),
  openings: new Lane(64, LATE_MS),
  pulls: new Lane(32),
  pushes: new Lane(32),
  builds: new Lane(2),
});

/** Of one machine: an engine that hangs holds up its own calls, and nobody else's reads. */
export interface MachineLanes {
  mutate<Result>(work: () => Promise<Result>): Promise<Result>;
  commit<Result>(work: () => Promise<Result>): Promise<Result>;
  read<Result>(work: () => Promise<Result>): Promise<Result>;
  pull<Result>(work: () => Promise<Result>): Promise<Result>;
  push<Result>(work: () => Promise<Result>): Promise<Result>;
  build<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createMachineLanes(shared: SharedLanes): MachineLanes {
  const mutations = new Lane(4);
  const commits = new Lane(2);
  const reads = new Lane(2);
  const pulls = new Lane(2);
  const pushes = new Lane(2);
  let isLate = false;
  /** The next reads of an engine whose last one was late take no place that others could have. */
  const readInTime = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const began = performance.now();
    const timer = setTimeout(() => (isLate = true), LATE_MS);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      isLate = performance.now() - began >= LATE_MS;
    }
  };
  return {
    mutate: (work) => mutations.run(work),
    commit: (work) => commits.run(work),
    read: (work) => reads.run(() => (isLate ? readInTime(work) : shared.reads.run(() => readInTime(work)))),
    pull: (work) => pulls.run(() => shared.pulls.run(work)),
    push: (work) => pushes.run(() => shared.pushes.run(work)),
    build: (work) => shared.builds.run(work),
  };
}
