import { type EventToRecord, recordEvents } from "@berth/db/object-events/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { Logger } from "pino";

/** More than this waiting means that the database is away: what happened then is in the log only. */
const BACKLOG = 50_000;
/** In one statement: a burst tells more of them than single ones could be written. */
const AT_ONCE = 500;

/** Tells what happened to objects, in order, without holding up what happens next. */
export interface Told {
  tell(event: EventToRecord): void;
  flush(): Promise<void>;
}

export function createTold(sql: Sql, log: Logger): Told {
  const waiting: EventToRecord[] = [];
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const events = waiting.splice(0, AT_ONCE);
      try {
        await recordEvents(sql, events);
      } catch (error) {
        log.debug({ err: error, count: events.length }, "events could not be recorded together");
        for (const event of events) await writeOne(event);
      }
    }
    writing = null;
  }

  /** One that can't be recorded must not cost the others. */
  async function writeOne(event: EventToRecord): Promise<void> {
    try {
      await recordEvents(sql, [event]);
    } catch (error) {
      log.warn({ err: error, event }, "an object's event could not be recorded");
    }
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
