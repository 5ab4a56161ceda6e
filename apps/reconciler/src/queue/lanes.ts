/** Lets `limit` pieces of work run at once; the others wait their turn. */
export class Lane {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so that nobody can slip in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** Limits that all machines share. */
export interface SharedLanes {
  reads: Lane;
  pulls: Lane;
  pushes: Lane;
  builds: Lane;
}

export const createSharedLanes = (): SharedLanes => ({
  reads: new Lane(64),
  pulls: new Lane(32),
  pushes: new Lane(32),
  builds: new Lane(2),
});

/** Of one machine: a slow engine holds up its own calls, and few of the shared ones. */
export interface MachineLanes {
  mutate<Result>(work: () => Promise<Result>): Promise<Result>;
  read<Result>(work: () => Promise<Result>): Promise<Result>;
  pull<Result>(work: () => Promise<Result>): Promise<Result>;
  push<Result>(work: () => Promise<Result>): Promise<Result>;
  build<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function createMachineLanes(shared: SharedLanes): MachineLanes {
  const mutations = new Lane(4);
  const reads = new Lane(2);
  const pulls = new Lane(2);
  const pushes = new Lane(2);
  return {
    mutate: (work) => mutations.run(work),
    read: (work) => reads.run(() => shared.reads.run(work)),
    pull: (work) => pulls.run(() => shared.pulls.run(work)),
    push: (work) => pushes.run(() => shared.pushes.run(work)),
    build: (work) => shared.builds.run(work),
  };
}
