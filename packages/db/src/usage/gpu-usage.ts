import { MOST_USAGE_USERS, USAGE_KEPT_DAYS, type UsageBucket } from "@berth/spec/usage.ts";
import type { Sql } from "../sql.ts";

export interface UsageRange {
  /** Days of `time_zone`, `YYYY-MM-DD`, both included. */
  from: string;
  to: string;
  by: UsageBucket;
  time_zone: string;
  /** Null is everybody. */
  user_id: number | null;
}

export interface UserHours {
  user_id: number;
  account: string;
  deleted: boolean;
  /** By the first day of the bucket; one without any is left out. */
  hours: Record<string, number>;
  total: number;
  /** Of all who held something. */
  users: number;
}

/**
 * Who held GPUs for how long, those who held most first. What is held now counts until now: it is no row of `gpu_usage`
 * yet, but one of the ledger. Each holding is cut at the buckets' edges, which it finds by a binary search in them, so that
 * a long range costs no more than what was held in it.
 */
export async function readGpuHours(sql: Sql, range: UsageRange): Promise<UserHours[]> {
  const { from, to, by, time_zone, user_id } = range;
  const buckets = bucketsOf(from, to, by);
  const edges = await readEdges(sql, [from, ...buckets.slice(1)], to, time_zone);
  return sql(
    `WITH held AS (
       SELECT user_id, shares, GREATEST(began_at, $2) AS began, LEAST(ended_at, $3) AS ended
       FROM gpu_usage WHERE ended_at > $2 AND began_at < $3 AND ($5::int IS NULL OR user_id = $5)
       UNION ALL
       SELECT c.user_id, g.shares, GREATEST(g.since, $2), LEAST(now(), $3)
       FROM gpu_allocations g JOIN containers c USING (container_id)
       WHERE now() > GREATEST(g.since, $2) AND g.since < $3 AND ($5::int IS NULL OR c.user_id = $5)
     ), parts AS (
       SELECT user_id, bucket,
              sum(date_part('epoch', LEAST(ended, ($1::timestamptz[])[bucket + 1]) - GREATEST(began, ($1::timestamptz[])[bucket])) / shares) AS seconds
       FROM held CROSS JOIN LATERAL generate_series(width_bucket(began, $1::timestamptz[]), width_bucket(ended, $1::timestamptz[])) AS bucket
       WHERE ($1::timestamptz[])[bucket] < ended
       GROUP BY user_id, bucket
     )
     SELECT user_id, account, deleted_at IS NOT NULL AS deleted,
            json_object_agg(($4::text[])[bucket], round((seconds / 3600)::numeric, 4)) AS hours,
            round((sum(seconds) / 3600)::numeric, 4)::float8 AS total, (count(*) OVER ())::int AS users
     FROM parts JOIN users USING (user_id)
     GROUP BY user_id, account, deleted_at ORDER BY sum(seconds) DESC, user_id LIMIT ${MOST_USAGE_USERS}`,
    [edges, edges[0], edges.at(-1), buckets, user_id],
  );
}

/** When each of these days begins in the time zone, and when the last one of the range ends: also where clocks are changed. */
async function readEdges(sql: Sql, days: string[], lastDay: string, timeZone: string): Promise<Date[]> {
  const rows = await sql<{ edge: Date }>(
    `SELECT day::timestamp AT TIME ZONE $3 AS edge
     FROM (SELECT unnest($1::date[]) AS day UNION ALL SELECT $2::date + 1) days ORDER BY day`,
    [days, lastDay, timeZone],
  );
  return rows.map(({ edge }) => edge);
}

/** The first day of each bucket that `from` to `to` touches. Calendar days, which need no time zone. */
export function bucketsOf(from: string, to: string, by: UsageBucket): string[] {
  const day = new Date(from);
  if (by === "week") day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  if (by === "month") day.setUTCDate(1);
  const buckets: string[] = [];
  while (day <= new Date(to)) {
    buckets.push(day.toISOString().slice(0, 10));
    if (by === "month") day.setUTCMonth(day.getUTCMonth() + 1);
    else day.setUTCDate(day.getUTCDate() + (by === "week" ? 7 : 1));
  }
  return buckets;
}

/** Deletes what ended long ago. Returns how many. */
export async function pruneGpuUsage(sql: Sql): Promise<number> {
  const [row] = await sql<{ pruned: number }>(
    `WITH pruned AS (DELETE FROM gpu_usage WHERE ended_at < now() - make_interval(days => $1) RETURNING 1)
     SELECT count(*)::int AS pruned FROM pruned`,
    [USAGE_KEPT_DAYS],
  );
  return row?.pruned ?? 0;
}
