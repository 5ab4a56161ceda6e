import { type EventToRecord, recordEvent } from "@berth/db/object-events/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";

/** More than this waiting means that the database is away: what happened then is in the log only. */
const BACKLOG = 5_000;

/** Tells what happened to objects, in order, without holding up what happens next. */
export interface Told {
  tell(event: EventToRecord): void;
  flush(): Promise<void>;
}

export function createTold(sql: Sql, log: Logger): Told {
  const waiting: EventToRecord[] = [];
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    for (let event = waiting.shift(); event; event = waiting.shift()) {
      try {
        await recordEvent(sql, event);
      } catch (error) {
        log.warn({ err: error, event }, "an object's event could not be recorded");
      }
    }
    writing = null;
  }

  return {
    tell(event) {
      if (waiting.length >= BACKLOG) {
        log.warn({ event }, "an object's event was dropped: too many wait");
        return;
      }
      waiting.push(event);
      writing ??= write();
    },
    flush: () => writing ?? Promise.resolve(),
  };
}
