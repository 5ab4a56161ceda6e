import type { Machine } from "@berth/spec/machine.ts";
import type { TelemetryHistory } from "@berth/spec/telemetry.ts";

const CHARTS = ["gpu_utilization", "gpu_memory", "cpu", "memory", "disk"] as const;
export type ChartName = (typeof CHARTS)[number];

export interface ChartLine {
  /** Null for the machine's own, as its chart is named by it. */
  gpu: number | null;
  /** As many as there are times; null where nothing was told. */
  values: (number | null)[];
}

export interface ChartData {
  name: ChartName;
  unit: "percent" | "gib";
  /** The most that it can be; null where that is not known. */
  top: number | null;
  /** Seconds since 1970, as the chart takes them. */
  times: number[];
  lines: ChartLine[];
}

type Point = TelemetryHistory["points"][number];

const MIB_IN_GIB = 1_024;
const inGib = (mib: number | null | undefined): number | null => (typeof mib === "number" ? mib / MIB_IN_GIB : null);

/** What there is to be drawn: charts of which nothing at all was told are left out. */
export function chartsOf(machine: Machine, history: TelemetryHistory): ChartData[] {
  const points = withGaps(history);
  const times = points.map(({ at }) => at);
  const gpus = machine.gpus.map(({ index }) => index);
  const ofGpus = (read: (gpu: Point["gpus"][number]) => number | null): ChartLine[] =>
    gpus.map((index) => ({
      gpu: index,
      values: points.map(({ point }) => {
        const gpu = point?.gpus.find((one) => one.index === index);
        return gpu ? read(gpu) : null;
      }),
    }));
  const own = (read: (point: Point) => number | null): ChartLine[] => [
    { gpu: null, values: points.map(({ point }) => (point ? read(point) : null)) },
  ];
  const mostGpuMemory = Math.max(0, ...machine.gpus.map(({ memory }) => memory));
  const charts: Omit<ChartData, "times">[] = [
    { name: "gpu_utilization", unit: "percent", top: 100, lines: ofGpus(({ utilization }) => utilization) },
    { name: "gpu_memory", unit: "gib", top: inGib(mostGpuMemory), lines: ofGpus((gpu) => inGib(gpu.memory_used)) },
    { name: "cpu", unit: "percent", top: 100, lines: own(({ cpu }) => (cpu === null ? null : cpu * 100)) },
    {
      name: "memory",
      unit: "gib",
      top: inGib(machine.memory?.total),
      lines: own(({ memory_used }) => inGib(memory_used)),
    },
    { name: "disk", unit: "gib", top: inGib(machine.disk?.total), lines: own(({ disk_used }) => inGib(disk_used)) },
  ];
  return charts
    .filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)))
    .map((chart) => ({ ...chart, times }));
}

/** No point stands for a time of which nothing was told: one without values there ends the line. */
function withGaps({ points, seconds }: TelemetryHistory): { at: number; point: Point | null }[] {
  return points.flatMap((point, place) => {
    const at = Date.parse(point.at) / 1_000;
    const before = points[place - 1];
    const since = before ? at - Date.parse(before.at) / 1_000 : 0;
    return since > seconds * 1.5
      ? [
          { at: at - since + seconds, point: null },
          { at, point },
        ]
      : [{ at, point }];
  });
}

export interface ChartSpan {
  last: number;
  least: number;
  most: number;
}

/** Null where nothing was told. */
export function spanOf(values: readonly (number | null)[]): ChartSpan | null {
  const told = values.filter((value) => value !== null);
  const last = told.at(-1);
  return last === undefined ? null : { last, least: Math.min(...told), most: Math.max(...told) };
}

/** Places of values with none beside them: no line is drawn there, so they need a point. */
export function lonelyPlaces(values: readonly (number | null | undefined)[]): number[] {
  const isTold = (place: number): boolean => typeof values[place] === "number";
  return values.flatMap((_, place) => (isTold(place) && !isTold(place - 1) && !isTold(place + 1) ? [place] : []));
}
