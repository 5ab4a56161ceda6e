import { writeLatestReadings } from "@berth/db/telemetry/latest.ts";
import { MINUTES_KEPT_HOURS, prunePoints, writeHours, writeMinutes } from "@berth/db/telemetry/points.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { StoredReading } from "@berth/spec/telemetry.ts";
import type { Logger } from "pino";
import { MinuteMeans } from "./minute-means.ts";

const PUBLISH_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What the probes of this process's machines tell, on its way to the servers. */
export interface TelemetryHub {
  take(machineId: string, reading: StoredReading): void;
  /** The machine is another's, or gone. */
  forget(machineId: string): void;
  close(): Promise<void>;
}

/**
 * One statement every 5 s for the latest reading of all machines, one a minute for their means, and two an hour. What the
 * database does not take is not kept for later: the next reading is better.
 */
export function createTelemetryHub(sql: Sql, log: Logger, now: () => number): TelemetryHub {
  const fresh = new Map<string, { at: number; reading: StoredReading }>();
  const means = new MinuteMeans();
  let minute = Math.floor(now() / MINUTE_MS);
  /** The hours before are told; at the start those that no process has told are. */
  let hour = 0;
  let isAway = false;
  let working: Promise<void> | null = null;

  async function publish(): Promise<void> {
    const readings = [...fresh].map(([machine_id, { at, reading }]) => ({
      machine_id,
      age_ms: performance.now() - at,
      reading,
    }));
    fresh.clear();
    await writeLatestReadings(sql, readings);
    const thisMinute = Math.floor(now() / MINUTE_MS);
    if (thisMinute === minute) return;
    const points = means.takeMinute(new Date(minute * MINUTE_MS));
    minute = thisMinute;
    await writeMinutes(sql, points);
    const thisHour = Math.floor(now() / HOUR_MS);
    if (thisHour === hour) return;
    const from = hour === 0 ? now() - MINUTES_KEPT_HOURS * HOUR_MS : (thisHour - 2) * HOUR_MS;
    await writeHours(sql, new Date(from), new Date(now()));
    await prunePoints(sql);
    hour = thisHour;
  }

  async function tick(): Promise<void> {
    try {
      await publish();
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error }, "telemetry could not be written; the next is tried");
      isAway = true;
    }
    working = null;
  }

  const timer = setInterval(() => {
    working ??= tick();
  }, PUBLISH_MS);
  return {
    take(machineId, reading) {
      fresh.set(machineId, { at: performance.now(), reading });
      means.add(machineId, reading);
    },
    forget(machineId) {
      fresh.delete(machineId);
      means.forget(machineId);
    },
    async close() {
      clearInterval(timer);
      await working;
    },
  };
}
