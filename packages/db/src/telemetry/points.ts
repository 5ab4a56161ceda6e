import type { Sql } from "../sql.ts";

/** Means over a minute. MiB, a share of all cores, percent, degrees, watts; null where nothing told it. */
export interface TelemetryPoint {
  machine_id: string;
  /** When the minute began. */
  at: Date;
  cpu: number | null;
  memory_used: number | null;
  disk_used: number | null;
  /** The arrays below are in its order. */
  gpu_indexes: number[];
  gpu_utilization: (number | null)[];
  gpu_memory_used: (number | null)[];
  gpu_temperature: (number | null)[];
  gpu_power: (number | null)[];
}

export const MINUTES_KEPT_HOURS = 25;
const HOURS_KEPT_DAYS = 30;

/** One statement for all machines. Of two processes that have seen a part of one minute, the first one's counts. */
export async function writeMinutes(sql: Sql, points: readonly TelemetryPoint[]): Promise<void> {
  if (points.length === 0) return;
  await sql(
    `INSERT INTO machine_telemetry_points
     SELECT p.machine_id, 60, p.at, p.cpu, p.memory_used, p.disk_used, p.gpu_indexes, p.gpu_utilization,
            p.gpu_memory_used, p.gpu_temperature, p.gpu_power
     FROM jsonb_populate_recordset(NULL::machine_telemetry_points, $1::jsonb) p JOIN machines m USING (machine_id)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(points)],
  );
}

/** Means over longer times of the minutes since `$1` and before `$2` that `where` picks; `$3` is how many seconds each takes. */
const meansOf = (where: string): string => `
  WITH minutes AS (
    SELECT *, date_bin(make_interval(secs => $3::double precision), at, timestamptz '2000-01-01 00:00:00Z') AS begins
    FROM machine_telemetry_points WHERE seconds = 60 AND at >= $1::timestamptz AND at < $2::timestamptz AND ${where}
  ), machine AS (
    SELECT machine_id, begins, avg(cpu) AS cpu, avg(memory_used)::int AS memory_used, avg(disk_used)::int AS disk_used
    FROM minutes GROUP BY machine_id, begins
  ), gpu AS (
    SELECT machine_id, begins, g.index, avg(g.utilization)::smallint AS utilization, avg(g.memory_used)::int AS memory_used,
           avg(g.temperature)::smallint AS temperature, avg(g.power)::smallint AS power
    FROM minutes, unnest(gpu_indexes, gpu_utilization, gpu_memory_used, gpu_temperature, gpu_power)
      AS g(index, utilization, memory_used, temperature, power)
    GROUP BY machine_id, begins, g.index
  ), gpus AS (
    SELECT machine_id, begins, array_agg(index ORDER BY index) AS gpu_indexes,
           array_agg(utilization ORDER BY index) AS gpu_utilization,
           array_agg(memory_used ORDER BY index) AS gpu_memory_used,
           array_agg(temperature ORDER BY index) AS gpu_temperature, array_agg(power ORDER BY index) AS gpu_power
    FROM gpu GROUP BY machine_id, begins
  )
  SELECT machine_id, begins AS at, cpu, memory_used, disk_used, COALESCE(gpu_indexes, '{}') AS gpu_indexes,
         COALESCE(gpu_utilization, '{}') AS gpu_utilization, COALESCE(gpu_memory_used, '{}') AS gpu_memory_used,
         COALESCE(gpu_temperature, '{}') AS gpu_temperature, COALESCE(gpu_power, '{}') AS gpu_power
  FROM machine LEFT JOIN gpus USING (machine_id, begins)`;

/** Makes points of an hour of the minutes since `from`, of hours that are over and have none yet. One statement. */
export async function writeHours(sql: Sql, from: Date, now: Date): Promise<void> {
  const hourMs = 3_600_000;
  const before = new Date(Math.floor(now.getTime() / hourMs) * hourMs);
  const since = new Date(Math.floor(from.getTime() / hourMs) * hourMs);
  await sql(
    `INSERT INTO machine_telemetry_points
     SELECT h.machine_id, 3600, h.at, h.cpu, h.memory_used, h.disk_used, h.gpu_indexes, h.gpu_utilization,
            h.gpu_memory_used, h.gpu_temperature, h.gpu_power
     FROM (${meansOf("true")}) h JOIN machines m USING (machine_id)
     ON CONFLICT DO NOTHING`,
    [since, before, 3600],
  );
}

/** Deletes minutes of more than a day ago, and hours of more than 30 days. Returns how many. */
export async function prunePoints(sql: Sql): Promise<number> {
  const [row] = await sql<{ pruned: number }>(
    `WITH pruned AS (
       DELETE FROM machine_telemetry_points
       WHERE (seconds = 60 AND at < now() - make_interval(hours => $1))
          OR (seconds = 3600 AND at < now() - make_interval(days => $2))
       RETURNING 1
     ) SELECT count(*)::int AS pruned FROM pruned`,
    [MINUTES_KEPT_HOURS, HOURS_KEPT_DAYS],
  );
  return row?.pruned ?? 0;
}

/** A machine's points since `since`, oldest first: hours as they are kept, anything shorter as means of its minutes. */
export async function readPoints(
  sql: Sql,
  machineId: string,
  since: Date,
  seconds: number,
): Promise<Omit<TelemetryPoint, "machine_id">[]> {
  if (seconds === 60 || seconds === 3600) {
    return sql(
      `SELECT at, cpu, memory_used, disk_used, gpu_indexes, gpu_utilization, gpu_memory_used, gpu_temperature, gpu_power
       FROM machine_telemetry_points WHERE machine_id = $1 AND seconds = $2 AND at >= $3::timestamptz ORDER BY at`,
      [machineId, seconds, since],
    );
  }
  return sql(`${meansOf("machine_id = $4")} ORDER BY at`, [
    since,
    new Date(Date.now() + 86_400_000),
    seconds,
    machineId,
  ]);
}
