import { insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import type { StoredReading } from "@berth/spec/telemetry.ts";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { writeLatestReadings } from "./latest.ts";
import { prunePoints, readPoints, type TelemetryPoint, writeHours, writeMinutes } from "./points.ts";

const database = useTestDatabase();
const HOUR_MS = 3_600_000;
const NOW = new Date();
/** The last hour that is over. */
const HOUR = new Date(Math.floor(NOW.getTime() / HOUR_MS) * HOUR_MS - HOUR_MS);

beforeAll(async () => {
  await insertMachine(database.sql, "m1");
  await insertMachine(database.sql, "m2");
});
beforeEach(async () => {
  await database.sql("DELETE FROM machine_telemetry_points");
});

const point = (minute: number, differs: Partial<TelemetryPoint> = {}): TelemetryPoint => ({
  machine_id: "m1",
  at: new Date(HOUR.getTime() + minute * 60_000),
  cpu: 0.5,
  memory_used: 1_000,
  disk_used: null,
  gpu_indexes: [],
  gpu_utilization: [],
  gpu_memory_used: [],
  gpu_temperature: [],
  gpu_power: [],
  ...differs,
});
const withGpus = (utilization: (number | null)[]): Partial<TelemetryPoint> => ({
  gpu_indexes: utilization.map((_, index) => index),
  gpu_utilization: utilization,
  gpu_memory_used: utilization.map(() => 100),
  gpu_temperature: utilization.map(() => 40),
  gpu_power: utilization.map(() => null),
});
const reading = (free: number): StoredReading => ({
  load: 1,
  busy: 0.5,
  memory: { total: 1_000, free },
  disk: null,
  driver: null,
  gpu_error: null,
  clock_offset_ms: 0,
  gpus: [],
});

test("keeps the last reading of each machine, and none of a machine that is gone", async () => {
  const { sql } = database;
  await writeLatestReadings(sql, [
    { machine_id: "m1", age_ms: 0, reading: reading(1) },
    { machine_id: "gone", age_ms: 0, reading: reading(1) },
    { machine_id: "m2", age_ms: 60_000, reading: reading(2) },
  ]);
  await writeLatestReadings(sql, [{ machine_id: "m1", age_ms: 0, reading: reading(3) }]);
  await writeLatestReadings(sql, []);
  const rows = await sql(
    `SELECT machine_id, memory_free, disk_free, reading->'memory' AS memory, seen_at < now() - interval '50 seconds' AS is_old
     FROM machine_telemetry ORDER BY 1`,
  );
  expect(rows).toEqual([
    { machine_id: "m1", memory_free: 3, disk_free: null, memory: { total: 1_000, free: 3 }, is_old: false },
    { machine_id: "m2", memory_free: 2, disk_free: null, memory: { total: 1_000, free: 2 }, is_old: true },
  ]);
});

test("gives back minutes as they were written; the first word on a minute counts", async () => {
  const { sql } = database;
  const first = point(1, withGpus([10, null]));
  await writeMinutes(sql, [first, point(0), { ...point(3), machine_id: "gone" }]);
  await writeMinutes(sql, [point(1, { cpu: 1 }), point(2)]);
  const read = await readPoints(sql, "m1", HOUR, 60);
  const { machine_id: _, ...kept } = first;
  expect(read).toHaveLength(3);
  expect(read[1]).toEqual(kept);
});

test("an hour is the mean of its minutes, by GPU, once it is over, and once only", async () => {
  const { sql } = database;
  const running = new Date(HOUR.getTime() + HOUR_MS);
  await writeMinutes(sql, [
    point(0, { cpu: 0, disk_used: 10, ...withGpus([0, 100]) }),
    point(59, { cpu: 1, disk_used: null, ...withGpus([50, null]) }),
    { ...point(0), at: running },
    { ...point(5), machine_id: "m2" },
  ]);
  for (let times = 0; times < 2; times += 1) {
    await writeHours(sql, HOUR, NOW);
    const hours = await readPoints(sql, "m1", HOUR, 3_600);
    expect(hours).toEqual([
      {
        at: HOUR,
        cpu: 0.5,
        memory_used: 1_000,
        disk_used: 10,
        gpu_indexes: [0, 1],
        gpu_utilization: [25, 100],
        gpu_memory_used: [100, 100],
        gpu_temperature: [40, 40],
        gpu_power: [null, null],
      },
    ]);
    expect(await readPoints(sql, "m2", HOUR, 3_600)).toHaveLength(1);
  }
});

test("five minutes are the mean of theirs, of one machine", async () => {
  const { sql } = database;
  await writeMinutes(sql, [
    ...[0, 1, 2, 3, 4, 5].map((minute) => point(minute, { cpu: minute / 10, ...withGpus([minute]) })),
    { ...point(0, { cpu: 1 }), machine_id: "m2" },
  ]);
  const read = await readPoints(sql, "m1", HOUR, 300);
  expect(read.map(({ at, cpu, gpu_utilization }) => [at.getTime() - HOUR.getTime(), cpu, gpu_utilization])).toEqual([
    [0, expect.closeTo(0.2), [2]],
    [300_000, expect.closeTo(0.5), [5]],
  ]);
});

test("minutes go after a day, hours after thirty", async () => {
  const { sql } = database;
  const ago = (days: number, hours = 0): Date => new Date(NOW.getTime() - (days * 24 + hours) * HOUR_MS);
  await writeMinutes(sql, [
    { ...point(0), at: ago(1, 2) },
    { ...point(0), at: ago(0, 23) },
  ]);
  await sql(
    "INSERT INTO machine_telemetry_points (machine_id, seconds, at) VALUES ('m1', 3600, $1), ('m1', 3600, $2)",
    [ago(31), ago(29)],
  );
  expect(await prunePoints(sql)).toBe(2);
  expect(await sql("SELECT seconds FROM machine_telemetry_points ORDER BY 1")).toEqual([
    { seconds: 60 },
    { seconds: 3600 },
  ]);
});
