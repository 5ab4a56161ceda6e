import type { Machine } from "@berth/spec/machine.ts";
import type { TelemetryHistory } from "@berth/spec/telemetry.ts";
import { expect, test } from "vitest";
import { chartsOf, lonelyPlaces, spanOf } from "./chart-data.ts";

const machine = {
  gpus: [
    { uuid: "GPU-a", index: 0, type: "A100", memory: 81_920 },
    { uuid: "GPU-b", index: 1, type: "A100", memory: 40_960 },
  ],
  memory: { total: 65_536, free: null },
  disk: null,
} as unknown as Machine;

const BEGAN = Date.parse("2026-11-01T10:00:00Z");
const point = (minute: number, gpus: Partial<TelemetryHistory["points"][number]["gpus"][number]>[] = []) => ({
  at: new Date(BEGAN + minute * 60_000).toISOString(),
  cpu: 0.5,
  memory_used: 1_024,
  disk_used: null,
  gpus: gpus.map((gpu, index) => ({
    index,
    utilization: null,
    memory_used: null,
    temperature: null,
    power: null,
    ...gpu,
  })),
});
const history = (points: TelemetryHistory["points"]): TelemetryHistory => ({
  machine_id: "m",
  range: "hour",
  seconds: 60,
  points,
});
const find = (points: TelemetryHistory["points"], name: string) =>
  chartsOf(machine, history(points)).find((chart) => chart.name === name);

test("a time in which nothing was told ends the line", () => {
  const chart = find([point(0), point(1), point(5), point(6)], "cpu");
  expect(chart?.times.map((at) => at - BEGAN / 1_000)).toEqual([0, 60, 120, 300, 360]);
  expect(chart?.lines).toEqual([{ gpu: null, values: [50, 50, null, 50, 50] }]);
});

test("each GPU has a line, also one of which only some points tell", () => {
  const points = [
    point(0, [{ utilization: 10, memory_used: 2_048 }]),
    point(1, [{ utilization: 0 }, { utilization: 99 }]),
  ];
  expect(find(points, "gpu_utilization")).toMatchObject({
    unit: "percent",
    top: 100,
    lines: [
      { gpu: 0, values: [10, 0] },
      { gpu: 1, values: [null, 99] },
    ],
  });
  expect(find(points, "gpu_memory")).toMatchObject({
    unit: "gib",
    top: 80,
    lines: [
      { gpu: 0, values: [2, null] },
      { gpu: 1, values: [null, null] },
    ],
  });
});

test("what was never told has no chart", () => {
  expect(chartsOf(machine, history([point(0)])).map(({ name }) => name)).toEqual(["cpu", "memory"]);
  expect(chartsOf(machine, history([]))).toEqual([]);
});

test("a line is summed up by its last, least and greatest value", () => {
  expect(spanOf([null, 3, 1, 2, null])).toEqual({ last: 2, least: 1, most: 3 });
  expect(spanOf([null])).toBeNull();
});

test("a value with none beside it is drawn as a point", () => {
  expect(lonelyPlaces([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  expect(lonelyPlaces([1, 2])).toEqual([]);
});
