import { expect, test } from "vitest";
import { ContainerSpec } from "./container.ts";
import { fixedAtCreate } from "./fixed-at-create.ts";
import { mergeSpec } from "./merge-spec.ts";

const before = ContainerSpec.parse({
  env: { A: "1", B: "2" },
  ports: [{ name: "ssh", kind: "ssh", container_port: 22 }],
  memory: 1_024,
  gpu_count: 1,
});
const changedBy = (overrides: Parameters<typeof mergeSpec>[1]) => fixedAtCreate(before, mergeSpec(before, overrides));

test("limits of cpu and memory change in place, and everything else needs a new container", () => {
  expect(changedBy({ cpus: 2, memory: null })).toEqual([]);
  expect(changedBy({ memory: 512, shm: 64, restart: "no", gpu_count: 0 })).toEqual(["gpu_count", "shm", "restart"]);
});

test("what is written in another order is no change, and in a list it is one", () => {
  expect(changedBy({ env: { B: "2", A: "1" }, ports: structuredClone(before.ports) })).toEqual([]);
  expect(changedBy({ env: { A: "1" } })).toEqual(["env"]);
  expect(changedBy({ env: { A: "1", C: "2" } })).toEqual(["env"]);
  const web = { ...before.ports[0]!, name: "web", container_port: 80 };
  expect(changedBy({ ports: [...before.ports, web] })).toEqual(["ports"]);
  expect(fixedAtCreate({ ...before, command: ["a", "b"] }, { ...before, command: ["b", "a"] })).toEqual(["command"]);
});
