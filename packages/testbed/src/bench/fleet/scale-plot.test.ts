import { expect, test } from "vitest";
import { plotScale } from "./scale-plot.ts";

const dots = (svg: string): { x: number; y: number }[] =>
  [...svg.matchAll(/<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));

test("what costs the same at every size is a level line, and what costs more rises to the right", () => {
  const svg = plotScale([
    { machines: 100, cpuMsPerMachine: 1, mibPerMachine: 0.1 },
    { machines: 1_000, cpuMsPerMachine: 1, mibPerMachine: 0.2 },
  ]);
  const [cpuFew, cpuMany, memoryFew, memoryMany] = dots(svg);
  expect(cpuFew?.y).toBe(cpuMany?.y);
  expect(memoryFew!.y).toBeGreaterThan(memoryMany!.y);
  expect(memoryFew!.x).toBeLessThan(memoryMany!.x);
});

test("every point bears its figure and its size", () => {
  const svg = plotScale([{ machines: 5_000, cpuMsPerMachine: 1.234, mibPerMachine: 0.5 }]);
  for (const text of ["1.23", "0.50", "5000"]) expect(svg).toContain(`>${text}</text>`);
});
