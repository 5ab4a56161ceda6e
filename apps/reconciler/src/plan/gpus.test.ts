import type { ProbeGpu, ProbeReading } from "@berth/spec/telemetry.ts";
import { expect, test } from "vitest";
import { type GpuClaims, isNvmlLost, type KnownGpus, nextGpus } from "./gpus.ts";

const CONTAINER = "c".repeat(64);
const gpu = (index: number, differs: Partial<ProbeGpu> = {}): ProbeGpu => ({
  index,
  uuid: `GPU-${index}`,
  type: "A100",
  memory: 81_920,
  memory_used: 0,
  utilization: 0,
  temperature: 30,
  power: 60,
  processes: [],
  ...differs,
});
const reading = (gpus: ProbeGpu[], differs: Partial<ProbeReading> = {}): ProbeReading => ({
  seq: 1,
  time: 0,
  boot_id: "boot-1",
  cpus: [],
  load: 0,
  busy: 0,
  memory: { total: 1, free: 1 },
  disk: null,
  driver: gpus.length > 0 ? "550" : null,
  gpu_error: null,
  gpus,
  ...differs,
});
const NOTHING: KnownGpus = { gpus: [], missing: [], foreign: [], boot_id: null, doubts: new Map() };
const claims = (differs: Partial<GpuClaims> = {}): GpuClaims => ({ held: new Set(), mayUse: () => false, ...differs });
const after = (readings: ProbeReading[], by = claims(), from = NOTHING): KnownGpus =>
  readings.reduce((known, next) => nextGpus(known, next, by), from);
const used = (by: string | null) => [{ pid: 7, memory: 100, container_id: by }];

test("GPUs are listed by their index, whatever order they are told in", () => {
  const { gpus, missing } = after([reading([gpu(2), gpu(0, { memory: null }), gpu(1)])]);
  expect(gpus).toEqual([
    { index: 0, uuid: "GPU-0", type: "A100", memory: 0 },
    { index: 1, uuid: "GPU-1", type: "A100", memory: 81_920 },
    { index: 2, uuid: "GPU-2", type: "A100", memory: 81_920 },
  ]);
  expect(missing).toEqual([]);
});

test("a GPU that is gone is missed until it is back", () => {
  const gone = after([reading([gpu(0), gpu(1)]), reading([gpu(0)])]);
  expect(gone).toMatchObject({ gpus: [{ uuid: "GPU-0" }], missing: ["GPU-1"] });
  expect(after([reading([gpu(0)])], claims(), gone).missing).toEqual(["GPU-1"]);
  expect(after([reading([gpu(0), gpu(1)])], claims(), gone)).toMatchObject({ missing: [], gpus: [{}, {}] });
});

test("what was taken out while the machine was off is missed only by who holds it", () => {
  const before = after([reading([gpu(0), gpu(1), gpu(2)])]);
  const booted = reading([gpu(0)], { boot_id: "boot-2" });
  expect(after([booted], claims({ held: new Set(["GPU-2"]) }), before).missing).toEqual(["GPU-2"]);
  expect(after([booted], claims(), before).missing).toEqual([]);
});

test("a driver that fails says nothing of the GPUs, and one that finds none says that all are gone", () => {
  const before = after([reading([gpu(0), gpu(1)])]);
  const lost = reading([], { gpu_error: "Failed to initialize NVML: Driver/library version mismatch" });
  expect(isNvmlLost(lost)).toBe(true);
  expect(after([lost], claims(), before)).toMatchObject({ gpus: [{}, {}], missing: [] });
  const none = reading([], { gpu_error: "No devices were found" });
  expect(isNvmlLost(none)).toBe(false);
  expect(after([none], claims(), before)).toMatchObject({ gpus: [], missing: ["GPU-0", "GPU-1"] });
});

test("a probe that runs without GPUs tells nothing of them, unless the machine booted since", () => {
  const before = after([reading([gpu(0)])]);
  expect(after([reading([])], claims(), before)).toMatchObject({ gpus: [{}], missing: [] });
  const booted = reading([], { boot_id: "boot-2" });
  expect(after([booted], claims(), before)).toMatchObject({ gpus: [], missing: ["GPU-0"] });
  expect(after([reading([])])).toMatchObject({ gpus: [], missing: [] });
});

test("a GPU is another's when two readings in a row say so, and Berth's again after two more", () => {
  const free = reading([gpu(0)]);
  const taken = reading([gpu(0, { processes: used(null) })]);
  expect(after([taken]).foreign).toEqual([]);
  expect(after([taken, free, taken]).foreign).toEqual([]);
  const foreign = after([taken, taken]);
  expect(foreign.foreign).toEqual(["GPU-0"]);
  expect(after([free], claims(), foreign).foreign).toEqual(["GPU-0"]);
  expect(after([free, taken, free], claims(), foreign).foreign).toEqual(["GPU-0"]);
  expect(after([free, free], claims(), foreign).foreign).toEqual([]);
});

test("a container of Berth's may use the GPUs that it holds, and no others", () => {
  const mayUse = (id: string, uuid: string): boolean => id === CONTAINER && uuid === "GPU-1";
  const both = reading([gpu(0, { processes: used(CONTAINER) }), gpu(1, { processes: used(CONTAINER) })]);
  expect(after([both, both], claims({ mayUse })).foreign).toEqual(["GPU-0"]);
});
