import type { DoorFigures, Throughput } from "./measure-doors.ts";

const WIDTH = 46;
const TARGET = 0.7;
const ratio = (value: number): string => (value < TARGET ? `${value.toFixed(2)} (short)` : value.toFixed(2));
const row = (what: string, { latency, perSecond }: Throughput, note = ""): string =>
  `  ${what.padEnd(WIDTH)}${latency.p50.toFixed(1).padStart(9)}${latency.p99.toFixed(1).padStart(9)}${perSecond.toFixed(0).padStart(9)}  ${note}`.trimEnd();

/** Ratios are ours to bare: of requests a second, and of the median's inverse. */
export function reportDoors(figures: readonly DoorFigures[]): string {
  return [
    `Doors, beside a bare Fastify that reads the same rows, or makes the same hash (milliseconds; target of the ratios ${TARGET})`,
    `  ${"".padEnd(WIDTH)}${"p50".padStart(9)}${"p99".padStart(9)}${"per s".padStart(9)}  ratio: per s, p50`,
    ...figures.flatMap(({ door, parallel, ours, bare }) => [
      row(`${door}, ${parallel} at once`, ours, ratiosOf({ ours, bare })),
      row("… bare", bare),
    ]),
  ].join("\n");
}

const ratiosOf = ({ ours, bare }: Pick<DoorFigures, "ours" | "bare">): string =>
  `${ratio(ours.perSecond / bare.perSecond)}, ${ratio(bare.latency.p50 / ours.latency.p50)}`;
