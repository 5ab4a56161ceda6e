import { expect, test } from "vitest";
import { ContainerName, ContainerSpec, CreateContainerInput, GpuUuids, UpdateContainerInput } from "./container.ts";

const create = { name: "job", image: "public/job:1" };

test("names the image of a new container once: by its name or by its number", () => {
  expect(CreateContainerInput.safeParse(create).success).toBe(true);
  expect(CreateContainerInput.safeParse({ name: "job", image_id: 7 }).success).toBe(true);
  for (const input of [{ name: "job" }, { ...create, image_id: 7 }]) {
    expect(CreateContainerInput.safeParse(input).error?.issues).toMatchObject([{ path: ["image"] }]);
  }
});

test("fills in nothing that a request leaves out, for that comes from the image or stays as it is", () => {
  expect(CreateContainerInput.parse(create)).toEqual({
    ...create,
    on_loss: "recreate",
    on_drain: "stop",
    desired: "running",
    if_busy: "wait",
  });
  expect(UpdateContainerInput.parse({ container_id: 1 })).toEqual({ container_id: 1 });
});

test("takes null for what may be null, and for nothing else", () => {
  expect(UpdateContainerInput.parse({ container_id: 1, memory: null, gpu_uuids: null })).toEqual({
    container_id: 1,
    memory: null,
    gpu_uuids: null,
  });
  expect(UpdateContainerInput.safeParse({ container_id: 1, env: null }).success).toBe(false);
});

test("has no field for privileges, host paths or other parts of a HostConfig", () => {
  const raw = {
    privileged: true,
    binds: ["/:/host"],
    network_mode: "host",
    cap_add: ["SYS_ADMIN"],
    devices: ["/dev/mem"],
  };
  const refused = CreateContainerInput.safeParse({ ...create, ...raw, HostConfig: raw });
  expect(refused.error?.issues).toMatchObject([{ keys: [...Object.keys(raw), "HostConfig"] }]);
});

test("does not let a container be made that is to be removed", () => {
  expect(CreateContainerInput.safeParse({ ...create, desired: "stopped" }).success).toBe(true);
  expect(CreateContainerInput.safeParse({ ...create, desired: "removed" }).success).toBe(false);
});

test.each(["ab", "train-bert", "a1", `a${"b".repeat(62)}`])("takes %s for a container's name", (name) => {
  expect(ContainerName.safeParse(name).success).toBe(true);
});

test.each(["", "a", "1a", "-ab", "Ab", "a_b", "a.b", "a b", "a/b", `a${"b".repeat(63)}`, "ab\n"])(
  "refuses %j for a container's name",
  (name) => {
    expect(ContainerName.safeParse(name).success).toBe(false);
  },
);

test("takes each GPU once, and only what can be a uuid", () => {
  expect(GpuUuids.safeParse(["GPU-4d3f", "MIG-1a2b"]).success).toBe(true);
  for (const uuids of [[], ["GPU-4d3f", "GPU-4d3f"], ["all"], ["0"], ["GPU-4d3f,GPU-1a2b"], ["GPU 1"]]) {
    expect(GpuUuids.safeParse(uuids).success).toBe(false);
  }
});

test("reads a row that was written before a field was there", () => {
  expect(ContainerSpec.parse({})).toMatchObject({
    gpu_count: 0,
    gpu_uuids: null,
    tty: true,
    restart: "unless-stopped",
  });
});

test("takes no more of a command and an environment than lists can hold", () => {
  const isTaken = (overrides: object) =>
    CreateContainerInput.safeParse({ name: "box", image: "public/base:1", ...overrides }).success;
  expect(isTaken({ env: { A: "x".repeat(32_767) } })).toBe(true);
  expect(isTaken({ env: { A: "x".repeat(32_768) } })).toBe(false);
  expect(isTaken({ env: { A: "x".repeat(20_000) }, command: ["x".repeat(8_000), "x".repeat(8_000)] })).toBe(false);
});
