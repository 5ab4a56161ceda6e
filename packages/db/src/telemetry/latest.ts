import type { StoredReading } from "@berth/spec/telemetry.ts";
import type { Sql } from "../sql.ts";

export interface LatestReading {
  machine_id: string;
  /** How long ago it came: the time that is kept is the database's, by which servers judge it. */
  age_ms: number;
  reading: StoredReading;
}

/** What machines told last, in one statement; nothing of one that is not recorded any more. */
export async function writeLatestReadings(sql: Sql, readings: readonly LatestReading[]): Promise<void> {
  if (readings.length === 0) return;
  await sql(
    `INSERT INTO machine_telemetry (machine_id, seen_at, memory_free, disk_free, reading)
     SELECT r.machine_id, now() - make_interval(secs => r.age_ms / 1000), (r.reading #>> '{memory,free}')::int,
            (r.reading #>> '{disk,free}')::int, r.reading
     FROM jsonb_to_recordset($1::jsonb) AS r(machine_id text, age_ms double precision, reading jsonb)
       JOIN machines m USING (machine_id)
     ORDER BY r.machine_id
     ON CONFLICT (machine_id) DO UPDATE SET seen_at = EXCLUDED.seen_at, memory_free = EXCLUDED.memory_free,
       disk_free = EXCLUDED.disk_free, reading = EXCLUDED.reading`,
    [JSON.stringify(readings)],
  );
}
