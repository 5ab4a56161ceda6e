import { loadDirty, sweepDirty } from "@berth/db/dirty/load.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";

const POLL_MS = 15_000;
const AT_ONCE = 5_000;

export interface DirtyPoll {
  /** Looks now, for notices were lost. */
  poke(): void;
  stop(): void;
}

/** Repairs lost notifications: what was changed and not observed yet is asked for again. */
export function startDirtyPoll(
  sql: Sql,
  log: Logger,
  onDirty: (containers: string[], machines: string[], images: string[]) => void,
): DirtyPoll {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isPolling = false;
  let isPoked = false;

  async function poll(): Promise<void> {
    isPolling = true;
    isPoked = false;
    try {
      const rows = await loadDirty(sql, AT_ONCE);
      const idsOf = (noun: string): string[] => rows.filter((row) => row.noun === noun).map((row) => row.id);
      if (rows.length > 0 && !isStopped) {
        onDirty(idsOf("container"), idsOf("machine"), idsOf("image"));
        await sweepDirty(sql);
      }
    } catch (error) {
      log.warn({ err: error }, "could not look for lost notices");
    }
    isPolling = false;
    schedule(isPoked ? 0 : POLL_MS);
  }

  function schedule(delayMs: number): void {
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void poll(), delayMs);
  }

  schedule(POLL_MS);
  return {
    poke() {
      // What is under way may have read before the notice that was lost.
      if (isPolling) isPoked = true;
      else schedule(0);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
