import type { ScalePoint } from "./measure-scale.ts";

const WIDTH = 420;
const HEIGHT = 260;
const EDGE = { left: 64, right: 24, top: 48, bottom: 44 };

type Point = Pick<ScalePoint, "machines" | "cpuMsPerMachine" | "mibPerMachine">;

/** Two curves over the size of the fleet, as SVG: what is flat costs each machine the same in every fleet. */
export function plotScale(points: readonly Point[]): string {
  const cpu = points.map(({ machines, cpuMsPerMachine }) => ({ machines, value: cpuMsPerMachine }));
  const memory = points.map(({ machines, mibPerMachine }) => ({ machines, value: mibPerMachine }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${HEIGHT}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13">`,
    `  <title id="title">What one machine costs the reconciler, by how many machines there are</title>`,
    `  <style>`,
    `    .page { fill: #ffffff } .axis { stroke: #8c959f } .curve { fill: none; stroke: #0969da; stroke-width: 2 } .dot { fill: #0969da } text { fill: #1f2328 }`,
    `    @media (prefers-color-scheme: dark) { .page { fill: #0d1117 } .curve { stroke: #4493f8 } .dot { fill: #4493f8 } text { fill: #f0f6fc } }`,
    `  </style>`,
    `  <rect class="page" width="${2 * WIDTH}" height="${HEIGHT}"/>`,
    curve("CPU of a resync, ms per machine", cpu, 0),
    curve("Memory, MiB per machine", memory, WIDTH),
    `</svg>`,
    ``,
  ].join("\n");
}

function curve(title: string, points: readonly { machines: number; value: number }[], offset: number): string {
  const most = Math.max(...points.map(({ machines }) => machines));
  const highest = Math.max(...points.map(({ value }) => value));
  const x = (machines: number): number => offset + EDGE.left + ((WIDTH - EDGE.left - EDGE.right) * machines) / most;
  const y = (value: number): number => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / highest;
  const places = points.map(({ machines, value }) => ({
    machines,
    value,
    x: x(machines).toFixed(1),
    y: y(value).toFixed(1),
  }));
  const floor = HEIGHT - EDGE.bottom;
  return [
    `  <text x="${offset + EDGE.left}" y="24" font-weight="600">${title}</text>`,
    `  <path class="axis" d="M${x(0)} ${EDGE.top}V${floor}H${x(most)}" fill="none"/>`,
    `  <polyline class="curve" points="${places.map((place) => `${place.x},${place.y}`).join(" ")}"/>`,
    ...places.flatMap((place) => [
      `  <circle class="dot" cx="${place.x}" cy="${place.y}" r="3.5"/>`,
      `  <text x="${place.x}" y="${(Number(place.y) - 9).toFixed(1)}" text-anchor="middle" font-size="11">${place.value.toFixed(2)}</text>`,
      `  <text x="${place.x}" y="${floor + 18}" text-anchor="middle" font-size="11">${place.machines}</text>`,
    ]),
  ].join("\n");
}
