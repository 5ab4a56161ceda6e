import type { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import type { Sql } from "../sql.ts";

export const SHARDS = 64;

export interface HeldShard {
  shard: number;
  epoch: bigint;
}

interface ShardRow {
  shard: number;
  epoch: string;
}

const heldShards = (rows: ShardRow[]): HeldShard[] => rows.map(({ shard, epoch }) => ({ shard, epoch: BigInt(epoch) }));

/** Shards of machines and images, each held by one reconciler. All of it runs on the holder's lease connection. */
export interface ShardLeases {
  /** Says that this holder lives; its connection's backend is what others watch. */
  register(): Promise<void>;
  /**
   * One UPDATE for all of a holder's: those it still holds. What expired meanwhile is lost, even if nobody took it. Says by
   * the way how the holder does; null leaves what it said before.
   */
  renew(health: ReconcilerHealth | null): Promise<HeldShard[]>;
  /**
   * Takes up to `limit` shards that nobody holds: never held, expired, or of a holder whose backend ended while the
   * database itself went on. (After a database restart every backend is gone, so then a shard's expiry is waited for.)
   */
  acquire(limit: number): Promise<HeldShard[]>;
  /** Gives shards back at once; the caller has stopped to act on them. */
  release(shards: readonly number[]): Promise<void>;
  /** How many reconcilers live, this one included. */
  countAlive(): Promise<number>;
  /** Forgets this holder and gives all back. */
  resign(): Promise<void>;
}

/**
 * When every backend began anew. After a backend's crash the postmaster goes on and ends all the others; its checkpointer
 * begins again then. A role that may not see that one (it lacks pg_read_all_stats) goes by the postmaster alone.
 */
const DATABASE_STARTED = `GREATEST(pg_postmaster_start_time(),
  (SELECT max(backend_start) FROM pg_stat_activity WHERE backend_type = 'checkpointer'))`;

/** SQL over a row of `reconcilers`: it has said so lately, and its lease connection is there. */
export const isHolderAlive = (row: string): string =>
  `(${row}.expires_at > clock_timestamp() AND EXISTS (
     SELECT 1 FROM pg_stat_activity a
     WHERE a.pid = ${row}.backend_pid AND COALESCE(a.backend_start, ${row}.backend_start) = ${row}.backend_start))`;

export function createShardLeases(sql: Sql, holder: string, durationMs: number): ShardLeases {
  const lifetime = `${durationMs} milliseconds`;
  return {
    async register() {
      await sql(
        `INSERT INTO reconcilers (holder, expires_at, backend_pid, backend_start, registered_at)
         SELECT $1, clock_timestamp() + $2::interval, pid, backend_start, clock_timestamp()
         FROM pg_stat_activity WHERE pid = pg_backend_pid()
         ON CONFLICT (holder) DO UPDATE SET expires_at = EXCLUDED.expires_at, backend_pid = EXCLUDED.backend_pid,
           backend_start = EXCLUDED.backend_start, registered_at = EXCLUDED.registered_at`,
        [holder, lifetime],
      );
    },
    async renew(health) {
      const rows = await sql<ShardRow>(
        `WITH alive AS (
           UPDATE reconcilers SET expires_at = clock_timestamp() + $2::interval, health = COALESCE($3::jsonb, health),
             health_at = CASE WHEN $3 IS NULL THEN health_at ELSE clock_timestamp() END
           WHERE holder = $1
         )
         UPDATE leases SET expires_at = clock_timestamp() + $2::interval
         WHERE holder = $1 AND expires_at > clock_timestamp() RETURNING shard, epoch::text`,
        [holder, lifetime, health && JSON.stringify(health)],
      );
      return heldShards(rows);
    },
    async acquire(limit) {
      if (limit <= 0) return [];
      const rows = await sql<ShardRow>(
        `UPDATE leases SET holder = $1, epoch = epoch + 1, expires_at = clock_timestamp() + $2::interval,
           held_since = clock_timestamp()
         WHERE shard IN (
           SELECT l.shard FROM leases l LEFT JOIN reconcilers r ON r.holder = l.holder
           WHERE l.holder IS NULL OR l.expires_at <= clock_timestamp()
              OR (r.registered_at > ${DATABASE_STARTED} AND NOT EXISTS (
                    SELECT 1 FROM pg_stat_activity a
                    WHERE a.pid = r.backend_pid AND COALESCE(a.backend_start, r.backend_start) = r.backend_start))
           ORDER BY l.shard LIMIT $3 FOR UPDATE OF l SKIP LOCKED)
         RETURNING shard, epoch::text`,
        [holder, lifetime, limit],
      );
      return heldShards(rows);
    },
    async release(shards) {
      if (shards.length === 0) return;
      await sql("UPDATE leases SET holder = NULL, expires_at = NULL WHERE holder = $1 AND shard = ANY($2::int[])", [
        holder,
        shards,
      ]);
    },
    async countAlive() {
      const [row] = await sql<{ alive: number }>(
        `SELECT count(*)::int AS alive FROM reconcilers r WHERE ${isHolderAlive("r")}`,
      );
      return row?.alive ?? 0;
    },
    async resign() {
      await sql("UPDATE leases SET holder = NULL, expires_at = NULL WHERE holder = $1", [holder]);
      await sql("DELETE FROM reconcilers WHERE holder = $1 OR expires_at < clock_timestamp() - interval '1 day'", [
        holder,
      ]);
    },
  };
}
