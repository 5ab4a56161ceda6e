import type { Sql } from "../sql.ts";

export interface EventToRecord {
  noun: "container" | "machine" | "image";
  /** The container's uid, the machine's id, the image's number. */
  id: string;
  kind: "normal" | "warning";
  /** CamelCase. */
  reason: string;
  message: string;
}

/** Counts an event that equals the object's newest one instead of repeating it, so that a retry loop fills no table. */
export async function recordEvent(sql: Sql, event: EventToRecord): Promise<void> {
  await sql(
    `WITH newest AS (
       SELECT event_id, kind, reason, message FROM object_events WHERE noun = $1 AND id = $2 ORDER BY event_id DESC LIMIT 1
     ), counted AS (
       UPDATE object_events SET count = count + 1, last_at = now()
       WHERE event_id = (SELECT event_id FROM newest WHERE kind = $3 AND reason = $4 AND message = $5)
       RETURNING event_id
     )
     INSERT INTO object_events (noun, id, kind, reason, message)
     SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM counted)`,
    [event.noun, event.id, event.kind, event.reason, event.message.slice(0, 2_000)],
  );
}
