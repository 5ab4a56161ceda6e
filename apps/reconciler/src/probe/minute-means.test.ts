import type { StoredReading } from "@berth/spec/telemetry.ts";
import { expect, test } from "vitest";
import { MinuteMeans } from "./minute-means.ts";

const reading = (differs: Partial<StoredReading> = {}): StoredReading => ({
  load: 1,
  busy: 0.5,
  memory: { total: 1_000, free: 400 },
  disk: null,
  driver: null,
  gpu_error: null,
  clock_offset_ms: 0,
  gpus: [],
  ...differs,
});
const gpu = (index: number, utilization: number | null): StoredReading["gpus"][number] => ({
  index,
  uuid: `GPU-${index}`,
  type: "A100",
  memory: 1,
  memory_used: 10,
  utilization,
  temperature: null,
  power: 99.6,
  processes: [],
});
const AT = new Date("2026-01-01T00:00:00Z");

test("a point is the mean of what was told in its minute, by machine and by GPU", () => {
  const means = new MinuteMeans();
  means.add("m1", reading({ busy: null, gpus: [gpu(1, 0), gpu(0, null)] }));
  means.add("m1", reading({ busy: 0.2, memory: { total: 1_000, free: 200 }, gpus: [gpu(1, 50)] }));
  means.add("m2", reading());
  const empty = { gpu_indexes: [], gpu_utilization: [], gpu_memory_used: [], gpu_temperature: [], gpu_power: [] };
  expect(means.takeMinute(AT)).toEqual([
    {
      machine_id: "m1",
      at: AT,
      cpu: 0.2,
      memory_used: 700,
      disk_used: null,
      gpu_indexes: [0, 1],
      gpu_utilization: [null, 25],
      gpu_memory_used: [10, 10],
      gpu_temperature: [null, null],
      gpu_power: [100, 100],
    },
    { machine_id: "m2", at: AT, cpu: 0.5, memory_used: 600, disk_used: null, ...empty },
  ]);
  expect(means.takeMinute(AT)).toEqual([]);
});
