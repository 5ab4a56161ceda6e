import { expect, test } from "vitest";
import { madeFromOf, ownMadeFrom, withLimits, withMadeFrom } from "./made-from.ts";
import { toDesired } from "./desired.ts";
import { rowOf } from "./testing/samples.ts";

const port = { name: "web", kind: "http", protocol: "tcp", container_port: 80, host_port: 20_001 } as const;
const row = rowOf({
  incarnation: 2,
  spec: { env: { MODE: "lab" } },
  placement: { gpu_uuids: ["GPU-a"], ports: [port] },
});
const applied = { memory_bytes: 1, nano_cpus: 2, made_from: madeFromOf(row) };

test("what a container was made from is known again by the label that it was given", () => {
  expect(ownMadeFrom(applied, toDesired(row).specHash)).toEqual(madeFromOf(row));
  expect(ownMadeFrom(applied, toDesired(rowOf()).specHash)).toBeNull();
  expect(ownMadeFrom(null, toDesired(row).specHash)).toBeNull();
});

test("reads the same whatever the order in which it was stored, so that no status is written for it", () => {
  const { host_port, ...rest } = port;
  const stored = rowOf({ ...row, placement: { gpu_uuids: ["GPU-a"], ports: [{ host_port, ...rest }] } });
  expect(JSON.stringify(madeFromOf(stored))).toBe(JSON.stringify(madeFromOf(row)));
});

test("goes with the limits that are applied in place, and notes nothing where nobody knows these", () => {
  expect(withLimits(applied, { memoryBytes: 5, nanoCpus: 6 })).toEqual({
    memory_bytes: 5,
    nano_cpus: 6,
    made_from: applied.made_from,
  });
  expect(withLimits(null, { memoryBytes: 5, nanoCpus: 6 }).made_from).toBeNull();
  expect(withMadeFrom(null, row)).toBeNull();
  expect(withMadeFrom({ ...applied, made_from: null }, row)).toEqual(applied);
});
