import type { Machine } from "@berth/spec/machine.ts";
import { expect, test } from "vitest";
import { filterMachines } from "./filter-machines.ts";
import { stateOf } from "./gpu-state.ts";

const SINCE = "2026-11-01T00:00:00.000Z";
const held = (uuid: string, account: string) => ({ uuid, account, since: SINCE, container_id: null, name: null });

/** Online and open, with GPUs `<name>-0`, `<name>-1`, … of these types. */
const machine = (name: string, types: string[], differs: Partial<Machine> = {}): Machine =>
  ({
    machine_id: name,
    name,
    online: true,
    state: "active",
    runs_containers: true,
    gpus: types.map((type, index) => ({ uuid: `${name}-${index}`, index, type, memory: 24_564 })),
    gpus_held: [],
    gpus_foreign: [],
    shared_gpus: {},
    ...differs,
  }) as unknown as Machine;

const MACHINES = [
  machine("atlas", ["4090", "A100"], { gpus_held: [held("atlas-1", "wang")] }),
  machine("bora", ["A100"]),
  machine("calypso", ["A100"], { online: false }),
];
const names = (filter: Parameters<typeof filterMachines>[1]) =>
  filterMachines(MACHINES, filter).map(({ name }) => name);

test("finds machines by their names, and by who holds a GPU there", () => {
  expect(names({})).toEqual(["atlas", "bora", "calypso"]);
  expect(names({ q: " BO" })).toEqual(["bora"]);
  expect(names({ q: "wan" })).toEqual(["atlas"]);
});

test("finds those where a GPU of that very type is free", () => {
  expect(names({ type: "A100" })).toEqual(["atlas", "bora", "calypso"]);
  expect(names({ free: true })).toEqual(["atlas", "bora"]);
  expect(names({ type: "A100", free: true })).toEqual(["bora"]);
  expect(names({ type: "A100", free: true, q: "atlas" })).toEqual([]);
});

test("a GPU is free until all of its places are taken, and neither where others compute nor where nobody may go", () => {
  const shared = machine("delos", ["4090", "4090", "4090"], {
    shared_gpus: { "delos-0": 2, "delos-1": 2 },
    gpus_held: [held("delos-0", "li"), held("delos-1", "li"), held("delos-1", "wang")],
    gpus_foreign: ["delos-2"],
  });
  const statesOf = (of: Machine) => of.gpus.map((gpu) => stateOf(of, gpu));
  expect(statesOf(shared)).toEqual(["free", "taken", "foreign"]);
  expect(statesOf(machine("eos", ["4090"], { state: "cordoned" }))).toEqual(["closed"]);
});
