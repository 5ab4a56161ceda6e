import { pruneAccounts } from "@berth/db/accounts/prune.ts";
import { pruneBlobs } from "@berth/db/blobs/prune.ts";
import { createPool } from "@berth/db/pool.ts";
import { pruneObjectEvents } from "@berth/db/object-events/prune.ts";
import { pgSql } from "@berth/db/sql.ts";
import { pruneTombstones } from "@berth/db/tombstones/prune.ts";
import { pruneGpuUsage } from "@berth/db/usage/gpu-usage.ts";
import cron from "node-cron";
import type { Logger } from "pino";

/** At an hour when few work. Convergence never depends on it: it skips a tick when the process is busy. */
const NIGHTLY = "17 3 * * *";
/** The registry is looked at whole, after its garbage collection. */
const VERIFICATION = "47 4 * * *";
const EVENT_DAYS = 30;

/** What has a calendar rather than a cause. Safe to run in every replica: each task only deletes what is old. */
export function startCalendar(
  databaseUrl: string,
  log: Logger,
  verifyImages: () => Promise<number>,
): { stop(): Promise<void> } {
  const pool = createPool(databaseUrl, {
    max: 1,
    applicationName: "berth-reconciler-calendar",
    onError: (error) => log.debug({ err: error }, "an idle database connection ended"),
  });
  const task = cron.schedule(
    NIGHTLY,
    async () => {
      try {
        const sql = pgSql(pool);
        const object_events = await pruneObjectEvents(sql, EVENT_DAYS);
        const gpu_usage = await pruneGpuUsage(sql);
        const tombstones = await pruneTombstones(sql);
        const blobs = await pruneBlobs(sql);
        const pruned = { object_events, gpu_usage, tombstones, blobs, ...(await pruneAccounts(sql)) };
        log.info({ pruned }, "what is long past was pruned");
      } catch (error) {
        log.warn({ err: error }, "what is long past could not be pruned; tomorrow again");
      }
    },
    { noOverlap: true },
  );
  const verification = cron.schedule(
    VERIFICATION,
    async () => {
      try {
        log.info({ images: await verifyImages() }, "looking whether the registry has every image");
      } catch (error) {
        log.warn({ err: error }, "the registry could not be looked at; tomorrow again");
      }
    },
    { noOverlap: true },
  );
  return {
    async stop() {
      await verification.destroy();
      await task.destroy();
      await pool.end();
    },
  };
}
