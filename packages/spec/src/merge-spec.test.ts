import { ContainerSpec } from "./container.ts";
import { expect, test } from "vitest";
import { mergeSpec } from "./merge-spec.ts";

const base = ContainerSpec.parse({ env: { A: "1" }, memory: 1_024, gpu_count: 2, gpu_type: "RTX 4090" });

test("keeps what is not given", () => {
  expect(mergeSpec(base, {})).toEqual(base);
  expect(mergeSpec(base, { memory: undefined, cpus: 2 })).toEqual({ ...base, cpus: 2 });
});

test("null takes a limit away", () => {
  expect(mergeSpec(base, { memory: null })).toEqual({ ...base, memory: null });
});

test("takes nothing of a request but fields of a spec", () => {
  const request = { name: "box", recreate: "discard", memory: 512 };
  expect(mergeSpec(base, request)).toEqual({ ...base, memory: 512 });
});

test("named GPUs count themselves and drop the type that was asked for", () => {
  const gpu_uuids = ["GPU-aaaa"];
  expect(mergeSpec(base, { gpu_uuids })).toEqual({ ...base, gpu_uuids, gpu_count: 1, gpu_type: null });
});

test("a number of GPUs drops those that were named", () => {
  const named = mergeSpec(base, { gpu_uuids: ["GPU-aaaa"] });
  expect(mergeSpec(named, { gpu_count: 0 })).toMatchObject({ gpu_uuids: null, gpu_count: 0 });
});
