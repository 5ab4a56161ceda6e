/** What asked for a look decides who goes first; a key that was asked for twice keeps the higher one. */
export const PRIORITY = { user: 100, event: 50, retry: 0, resync: -100 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

const LEVELS: readonly Priority[] = [PRIORITY.user, PRIORITY.event, PRIORITY.retry, PRIORITY.resync];

/** A key that waits or runs. */
export interface QueuedKey {
  key: string;
  group: string;
  ms: number;
}

export interface QueueSurvey {
  /** By what a key begins with, up to its slash. */
  depths: Map<string, { waiting: number; running: number; delayed: number }>;
  /** Of the groups that are not parked; null where nothing waits. */
  longestWaiting: QueuedKey | null;
  /** Those that run, longest first. */
  running: QueuedKey[];
}

export interface WorkQueueOptions {
  /**
   * Looks at one key, whatever happened to it. Must not throw. One that waits for its engine for long costs nothing
   * meanwhile, and calls `giveUpPlace`; to call it twice changes nothing.
   */
  run: (key: string, group: string, giveUpPlace: () => void) => Promise<void>;
  /** Of all groups together, without those that gave up their place. */
  maxRunning: number;
  maxRunningPerGroup: number;
}

/**
 * Keys say *what* to look at, never what happened, so equal ones merge: one that is asked for while it runs, runs once
 * more afterwards. One key runs once at a time, in the group that was named last. Groups (machines) take turns, so that none starves another; a parked
 * group's keys wait outside. A run may give up its place among all, and then the next ones of its group take none: however
 * many machines hang, the others go on.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Per level, the groups in turn, each with its keys in order. */
  readonly #ready = new Map<Priority, Map<string, Set<string>>>(LEVELS.map((level) => [level, new Map()]));
  readonly #waiting = new Map<string, { group: string; priority: Priority; since: number }>();
  readonly #running = new Map<
    string,
    { group: string; again: { group: string; priority: Priority } | null; since: number }
  >();
  readonly #runningPerGroup = new Map<string, number>();
  /** Runs that have a place among {@link WorkQueueOptions.maxRunning}. */
  #placed = 0;
  /** How many runs of a group have no place. */
  readonly #late = new Map<string, number>();
  readonly #delayed = new Map<string, { group: string; timer: NodeJS.Timeout; at: number }>();
  readonly #parked = new Set<string>();
  #isClosed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string, group: string, priority: Priority): void {
    if (this.#isClosed) return;
    const running = this.#running.get(key);
    if (running) {
      running.again = { group, priority: higher(running.again?.priority ?? priority, priority) };
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting) {
      if (waiting.group === group && waiting.priority >= priority) return;
      this.#take(key, waiting);
      priority = higher(waiting.priority, priority);
    }
    this.#waiting.set(key, { group, priority, since: waiting?.since ?? performance.now() });
    const groups = this.#ready.get(priority)!;
    const keys = groups.get(group);
    if (keys) keys.add(key);
    else groups.set(group, new Set([key]));
    this.#dispatch();
  }

  /** Looks at `key` no later than `delayMs` from now; an earlier time that was asked for in this group stays. */
  addAfter(key: string, group: string, priority: Priority, delayMs: number): void {
    if (this.#isClosed) return;
    const at = performance.now() + delayMs;
    const delayed = this.#delayed.get(key);
    if (delayed) {
      if (delayed.group === group && delayed.at <= at) return;
      clearTimeout(delayed.timer);
    }
    const timer = setTimeout(
      () => {
        this.#delayed.delete(key);
        this.add(key, group, priority);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    this.#delayed.set(key, { group, timer, at });
  }

  /** Takes back what `addAfter` was told of this key. */
  cancelDelay(key: string): void {
    clearTimeout(this.#delayed.get(key)?.timer);
    this.#delayed.delete(key);
  }

  /** Keys of a parked group wait; what runs is not stopped. */
  park(group: string): void {
    this.#parked.add(group);
  }

  unpark(group: string): void {
    if (this.#parked.delete(group)) this.#dispatch();
  }

  /** Drops what waits for a group; what runs is not stopped. */
  forget(group: string): void {
    this.#parked.delete(group);
    for (const groups of this.#ready.values()) groups.delete(group);
    for (const [key, waiting] of this.#waiting) if (waiting.group === group) this.#waiting.delete(key);
    for (const running of this.#running.values()) if (running.again?.group === group) running.again = null;
    for (const [key, delayed] of this.#delayed) if (delayed.group === group) this.cancelDelay(key);
  }

  get depth(): { waiting: number; running: number; delayed: number } {
    return { waiting: this.#waiting.size, running: this.#running.size, delayed: this.#delayed.size };
  }

  /** For people who look: it walks through all of it. */
  survey(): QueueSurvey {
    const now = performance.now();
    const depths: QueueSurvey["depths"] = new Map();
    const count = (keys: Iterable<string>, state: "waiting" | "running" | "delayed"): void => {
      for (const key of keys) {
        const kind = key.slice(0, key.indexOf("/"));
        const depth = depths.get(kind) ?? { waiting: 0, running: 0, delayed: 0 };
        depth[state] += 1;
        depths.set(kind, depth);
      }
    };
    count(this.#waiting.keys(), "waiting");
    count(this.#running.keys(), "running");
    count(this.#delayed.keys(), "delayed");
    let longestWaiting: QueuedKey | null = null;
    for (const [key, { group, since }] of this.#waiting) {
      const ms = now - since;
      if (!this.#parked.has(group) && ms > (longestWaiting?.ms ?? -1)) longestWaiting = { key, group, ms };
    }
    const running = Array.from(this.#running, ([key, { group, since }]) => ({ key, group, ms: now - since }));
    return { depths, longestWaiting, running: running.sort((a, b) => b.ms - a.ms) };
  }

  /** Takes nothing more, and resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    this.#waiting.clear();
    for (const groups of this.#ready.values()) groups.clear();
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #dispatch(): void {
    for (let next = this.#next(); next; next = this.#next()) void this.#start(next.key, next.group);
  }

  #next(): { key: string; group: string } | null {
    const hasPlace = this.#placed < this.#options.maxRunning;
    if (!hasPlace && this.#late.size === 0) return null;
    for (const level of LEVELS) {
      const groups = this.#ready.get(level)!;
      for (const [group, keys] of groups) {
        if (this.#parked.has(group)) continue;
        if (!hasPlace && !this.#late.has(group)) continue;
        if ((this.#runningPerGroup.get(group) ?? 0) >= this.#options.maxRunningPerGroup) continue;
        const [key] = keys;
        if (key === undefined) throw new Error(`group ${group} waits without a key`);
        this.#take(key, { group, priority: level });
        // To the end of the line.
        groups.delete(group);
        if (keys.size > 0) groups.set(group, keys);
        return { key, group };
      }
    }
    return null;
  }

  #take(key: string, { group, priority }: { group: string; priority: Priority }): void {
    this.#waiting.delete(key);
    const groups = this.#ready.get(priority)!;
    const keys = groups.get(group);
    keys?.delete(key);
    if (keys?.size === 0) groups.delete(group);
  }

  async #start(key: string, group: string): Promise<void> {
    const state = { group, again: null as { group: string; priority: Priority } | null, since: performance.now() };
    this.#running.set(key, state);
    count(this.#runningPerGroup, group, 1);
    const place = this.#takePlace(group);
    try {
      await this.#options.run(key, group, place.giveUp);
    } finally {
      place.end();
      this.#running.delete(key);
      count(this.#runningPerGroup, group, -1);
      if (state.again !== null) this.add(key, state.again.group, state.again.priority);
      this.#dispatch();
      if (this.#running.size === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
  }

  /** For a run that begins, and to be ended with it. */
  #takePlace(group: string): { giveUp: () => void; end: () => void } {
    let hasPlace = !this.#late.has(group);
    if (hasPlace) this.#placed += 1;
    else count(this.#late, group, 1);
    let isOver = false;
    return {
      giveUp: () => {
        if (!hasPlace || isOver) return;
        hasPlace = false;
        this.#placed -= 1;
        count(this.#late, group, 1);
        this.#dispatch();
      },
      end: () => {
        isOver = true;
        if (hasPlace) this.#placed -= 1;
        else count(this.#late, group, -1);
      },
    };
  }
}

/** Adds `by`, and keeps no zeros. */
function count(counts: Map<string, number>, key: string, by: number): void {
  const left = (counts.get(key) ?? 0) + by;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

const higher = (a: Priority, b: Priority): Priority => (a > b ? a : b);
