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

export const recordEvent = (sql: Sql, event: EventToRecord): Promise<void> => recordEvents(sql, [event]);

/**
 * In the order in which they happened. Counts an event that equals its object's newest one instead of repeating it, so that
 * a retry loop fills no table.
 */
export async function recordEvents(sql: Sql, events: readonly EventToRecord[]): Promise<void> {
  const lines = countRepeats(events);
  await sql(
    `WITH told AS (
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bool[])
         WITH ORDINALITY AS t (noun, id, kind, reason, message, count, is_first, place)
     ), counted AS (
       UPDATE object_events e SET count = e.count + told.count, last_at = now() FROM told
       WHERE told.is_first AND (e.kind, e.reason, e.message) = (told.kind, told.reason, told.message)
         AND e.event_id = (SELECT n.event_id FROM object_events n WHERE n.noun = told.noun AND n.id = told.id
                           ORDER BY n.event_id DESC LIMIT 1)
       RETURNING told.place
     )
     INSERT INTO object_events (noun, id, kind, reason, message, count)
     SELECT noun, id, kind, reason, message, count FROM told
     WHERE NOT EXISTS (SELECT 1 FROM counted WHERE counted.place = told.place) ORDER BY place`,
    [
      lines.map(({ noun }) => noun),
      lines.map(({ id }) => id),
      lines.map(({ kind }) => kind),
      lines.map(({ reason }) => reason),
      lines.map(({ message }) => message),
      lines.map(({ count }) => count),
      lines.map(({ isFirst }) => isFirst),
    ],
  );
}

interface Line extends EventToRecord {
  count: number;
  /** Of its object: what is recorded already may equal it. */
  isFirst: boolean;
}

function countRepeats(events: readonly EventToRecord[]): Line[] {
  const lines: Line[] = [];
  const newest = new Map<string, Line>();
  for (const event of events) {
    const object = `${event.noun} ${event.id}`;
    const before = newest.get(object);
    const message = event.message.slice(0, 2_000);
    if (before?.kind === event.kind && before.reason === event.reason && before.message === message) {
      before.count += 1;
      continue;
    }
    const line = { ...event, message, count: 1, isFirst: before === undefined };
    newest.set(object, line);
    lines.push(line);
  }
  return lines;
}
