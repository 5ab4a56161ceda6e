import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "@berth/db/sql.ts";
import { EngineError } from "@berth/docker/engine.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { ContainerStats } from "@berth/spec/live.ts";
import type { EnginePool, StatsFeed } from "../context.ts";
import { isDatabaseAway } from "../database-away.ts";

const INTERVAL_MS = 2_000;
const DEADLINE_MS = 5_000;

export interface StatsParts {
  sql: Sql;
  engines: EnginePool;
  intervalMs?: number;
}

/** One who is slow sees the newest reading and misses those before it. */
interface Viewer {
  next: ContainerStats | null;
  failure: unknown;
  wake(): void;
}

/** A container that somebody watches: its engine is asked once for all of them, until the last has gone. */
interface Watched {
  viewers: Set<Viewer>;
  newest: ContainerStats | null;
  end: AbortController;
}

export function createStatsFeed({ sql, engines, intervalMs = INTERVAL_MS }: StatsParts): StatsFeed {
  const watched = new Map<number, Watched>();

  function join(containerId: number, viewer: Viewer): () => void {
    let container = watched.get(containerId);
    if (!container) {
      container = { viewers: new Set(), newest: null, end: new AbortController() };
      watched.set(containerId, container);
      void poll(containerId, container);
    }
    const { viewers, newest, end } = container;
    viewers.add(viewer);
    viewer.next = newest;
    return () => {
      viewers.delete(viewer);
      if (viewers.size > 0) return;
      end.abort();
      if (watched.get(containerId)?.viewers === viewers) watched.delete(containerId);
    };
  }

  async function poll(containerId: number, container: Watched): Promise<void> {
    const { viewers, end } = container;
    while (!end.signal.aborted) {
      try {
        container.newest = await read(containerId, end.signal);
        for (const viewer of viewers) viewer.next = container.newest;
      } catch (failure) {
        for (const viewer of viewers) viewer.failure = failure;
        if (watched.get(containerId) === container) watched.delete(containerId);
        end.abort();
      }
      for (const viewer of viewers) viewer.wake();
      await pause(intervalMs, end.signal);
    }
  }

  /** Null while there is nothing to read: it does not run, or its machine or the database does not answer. */
  async function read(containerId: number, signal: AbortSignal): Promise<ContainerStats | null> {
    try {
      const [container] = await sql<{ engine_id: string | null; machine_id: string | null; running: boolean | null }>(
        `SELECT s.engine_id, p.machine_id, s.running FROM containers c
         LEFT JOIN container_status s USING (container_id) LEFT JOIN placements p USING (container_id)
         WHERE c.container_id = $1`,
        [containerId],
      );
      if (!container) throw new DomainError("NOT_FOUND", "The container was removed.");
      const { engine_id, machine_id, running } = container;
      if (!running || engine_id === null || machine_id === null) return null;
      const engine = await engines.engineOf(machine_id);
      const stats = await engine.stats(engine_id, { deadlineMs: DEADLINE_MS, signal });
      return {
        at: new Date().toISOString(),
        cpu_cores: stats.cpu_cores,
        memory: Math.round(stats.memory_bytes),
        memory_limit: Math.round(stats.memory_limit_bytes),
        pids: stats.pids,
      };
    } catch (error) {
      if (error instanceof EngineError || isDatabaseAway(error)) return null;
      throw error;
    }
  }

  return {
    async *follow(containerId, signal) {
      const viewer: Viewer = { next: null, failure: null, wake: () => undefined };
      const leave = join(containerId, viewer);
      const end = (): void => {
        leave();
        viewer.wake();
      };
      signal.addEventListener("abort", end, { once: true });
      try {
        while (!signal.aborted) {
          if (viewer.failure !== null) throw viewer.failure;
          const { next } = viewer;
          viewer.next = null;
          if (next) yield next;
          else await new Promise<void>((resolve) => (viewer.wake = resolve));
        }
      } finally {
        signal.removeEventListener("abort", end);
        leave();
      }
    },
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch((error: Error) => {
    if (!signal.aborted) throw error;
  });
