import type { Machine } from "@berth/spec/machine.ts";
import { expect, test } from "vitest";
import { offersOf } from "./free-gpus.ts";

const heldBy = (uuid: string) => ({ uuid, account: "li", since: "", container_id: null, name: null });

/** What the offers are made of; nothing else of a machine is looked at. */
function machine(machine_id: string, types: string[], differs: Partial<Machine> = {}): Machine {
  const gpus = types.map((type, index) => ({ uuid: `GPU-${machine_id}-${index}`, index, type, memory: 24_000 }));
  const part: Partial<Machine> = {
    machine_id,
    name: `gpu-${machine_id}`,
    online: true,
    state: "active",
    runs_containers: true,
    gpus,
    gpus_held: [],
    shared_gpus: {},
    gpus_foreign: [],
    ...differs,
  };
  return part as Machine;
}

test("counts what is free of each type, and the most that one machine has", () => {
  const machines = [
    machine("a", ["4090", "4090", "A100"], { gpus_held: [heldBy("GPU-a-0")] }),
    machine("b", ["4090"], { gpus_foreign: ["GPU-b-0"] }),
  ];
  expect(offersOf(machines)).toEqual([
    { type: "4090", free: 1, total: 3, most: 2, places: [{ name: "gpu-a", free: 1 }] },
    { type: "A100", free: 1, total: 1, most: 1, places: [{ name: "gpu-a", free: 1 }] },
  ]);
});

test("offers nothing now of a machine that is away or cordoned, and nothing at all of one that takes no containers", () => {
  const machines = [
    machine("a", ["4090"], { online: false }),
    machine("b", ["4090"], { state: "cordoned" }),
    machine("c", ["4090"], { runs_containers: false }),
  ];
  expect(offersOf(machines)).toEqual([{ type: "4090", free: 0, total: 2, most: 1, places: [] }]);
});

test("offers what one machine has where that one is chosen", () => {
  const machines = [machine("a", ["4090"]), machine("b", ["A100"])];
  expect(offersOf(machines, "b")).toEqual([
    { type: "A100", free: 1, total: 1, most: 1, places: [{ name: "gpu-b", free: 1 }] },
  ]);
});
