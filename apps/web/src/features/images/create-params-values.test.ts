import { CreateParams } from "@berth/spec/create-params.ts";
import { expect, test } from "vitest";
import { toParams, toValues } from "./create-params-values.ts";

test("a dictionary goes through its form unchanged", () => {
  const params = CreateParams.parse({
    command: ["sh", "-c", "echo a b"],
    working_dir: "/work",
    env: { A: "1=2", B: "" },
    ports: [{ name: "web", kind: "http", container_port: 8888, publish: false, strip_prefix: false }],
    tty: false,
    gpu_count: 2,
    gpu_type: "RTX 4090",
    memory: 1_024,
    restart: "no",
    mounts: [{ storage: "homes", path: "/root" }],
  });
  expect(toParams(toValues(params), params)).toEqual(params);
});

test("an empty form is the default dictionary", () => {
  expect(CreateParams.parse(toParams({}, { mounts: [] }))).toEqual(CreateParams.parse({}));
});
