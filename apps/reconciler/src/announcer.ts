import { announceChanges } from "@berth/db/changes/announce.ts";
import type { Change } from "@berth/spec/live.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";

const INTERVAL_MS = 100;
const RETRY_MS = 1_000;
/** More of one noun are told as "any of them". */
const PER_NOUN = 2_000;

/** Tells the servers whose status has changed, for the pages that show it. */
export interface Announcer {
  add(noun: Change["noun"], id: string | number): void;
  /** Tells what waits; nothing is told afterwards. */
  close(): Promise<void>;
}

/**
 * The first change is told at once, what follows within 100 ms as one batch, and never does a change wait for it. What
 * could not be told because the database is away is told later as "any of them": the ids would only pile up.
 */
export function createAnnouncer(sql: Sql, log: Logger, intervalMs = INTERVAL_MS): Announcer {
  /** Null: any of the noun. */
  let waiting = new Map<Change["noun"], Set<string> | null>();
  let telling: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isAway = false;
  let isClosed = false;

  function next(afterMs: number): void {
    if (isClosed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (waiting.size > 0) telling = tell();
    }, afterMs);
  }

  async function tell(): Promise<void> {
    const changes = [...waiting].flatMap(([noun, ids]): Change[] =>
      ids === null ? [{ noun, id: null }] : Array.from(ids, (id) => ({ noun, id })),
    );
    waiting = new Map();
    let restMs = intervalMs;
    try {
      await announceChanges(sql, changes);
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, "could not tell the servers what changed; will tell them to look again");
      isAway = true;
      for (const { noun } of changes) waiting.set(noun, null);
      restMs = RETRY_MS;
    }
    telling = null;
    // Also where nothing waits: what comes within the interval joins one batch.
    next(restMs);
  }

  return {
    add(noun, id) {
      if (isClosed) return;
      const ids = waiting.get(noun);
      if (ids === null) return;
      if (ids === undefined) waiting.set(noun, new Set([String(id)]));
      else if (ids.size >= PER_NOUN) waiting.set(noun, null);
      else ids.add(String(id));
      if (!telling) next(0);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await telling;
      if (waiting.size > 0) await tell();
    },
  };
}
