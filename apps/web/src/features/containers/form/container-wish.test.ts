import { ContainerSpec } from "@berth/spec/container.ts";
import { expect, test } from "vitest";
import { ANY_GPU, changesOf, fieldsOf, NAMED_GPUS, NO_GPU } from "./container-wish.ts";

const spec = ContainerSpec.parse({
  env: { A: "1\n2" },
  command: ["sh", "-c", "echo 1\necho 2"],
  ports: [{ name: "ssh", kind: "ssh", container_port: 22 }],
  memory: 1_024,
  gpu_count: 1,
  gpu_type: "RTX 4090",
});

test("a form that nobody has touched changes nothing", () => {
  for (const one of [
    spec,
    ContainerSpec.parse({}),
    { ...spec, gpu_type: null },
    { ...spec, gpu_uuids: ["GPU-aaaa"] },
  ]) {
    expect(changesOf(one, fieldsOf(one))).toEqual({});
  }
});

test("only what was changed is sent", () => {
  expect(changesOf(spec, { ...fieldsOf(spec), memory: null, env: "A=1" })).toEqual({ memory: null, env: { A: "1" } });
  expect(changesOf(spec, { ...fieldsOf(spec), gpu_count: 2 })).toEqual({ gpu_count: 2 });
});

test("GPUs are none, any, of a type, or those that are named already", () => {
  const fields = fieldsOf(spec);
  expect(changesOf(spec, { ...fields, gpu_type: NO_GPU })).toEqual({ gpu_count: 0, gpu_type: null });
  expect(changesOf(spec, { ...fields, gpu_type: ANY_GPU })).toEqual({ gpu_type: null });
  expect(fieldsOf({ ...spec, gpu_uuids: ["GPU-aaaa"] }).gpu_type).toBe(NAMED_GPUS);
});
