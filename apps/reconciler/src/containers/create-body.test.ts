import type { CreateContainerBody } from "@berth/docker/engine.ts";
import { ContainerSpec, type PortBinding } from "@berth/spec/container.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBody } from "./create-body.ts";
import { toDesired } from "./desired.ts";
import { OWNER, type RowDiffers, rowOf, UID } from "./testing/samples.ts";

const MIB = 1_048_576;
const MACHINE_BYTES = 64 * 1_024 * MIB;

function bodyOf(differs: RowDiffers = {}, machineBytes = MACHINE_BYTES): CreateContainerBody {
  const row = rowOf(differs);
  return createBody(row, toDesired(row), OWNER, machineBytes);
}

const port = (differs: Partial<PortBinding> = {}): PortBinding => ({
  name: "ssh",
  kind: "ssh",
  protocol: "tcp",
  container_port: 22,
  host_port: 20_000,
  ...differs,
});

test("bears the labels by which it is known again", () => {
  const body = bodyOf({ generation: 3 });
  expect(body.Labels).toEqual({
    [LABEL.installation]: "here",
    [LABEL.machine]: "gpu1",
    [LABEL.uid]: UID,
    [LABEL.generation]: "3",
    [LABEL.spec]: toDesired(rowOf()).specHash,
  });
});

test("gives GPUs by uuid, never by count", () => {
  const { HostConfig, Env } = bodyOf({ placement: { gpu_uuids: ["GPU-a", "GPU-b"] } });
  expect(HostConfig.DeviceRequests).toEqual([
    { Driver: "nvidia", DeviceIDs: ["GPU-a", "GPU-b"], Capabilities: [["gpu", "compute", "utility"]] },
  ]);
  expect(Env).toEqual(["NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b"]);
});

test("shows no GPU to a container that asked for none", () => {
  const { HostConfig, Env } = bodyOf();
  expect(HostConfig.DeviceRequests).toBeUndefined();
  expect(Env).toEqual(["NVIDIA_VISIBLE_DEVICES=void"]);
});

test("writes the GPUs' variable last, so that nothing before it wins", () => {
  expect(bodyOf({ spec: { env: { A: "1", ZZZ: "2" } } }).Env).toEqual(["A=1", "ZZZ=2", "NVIDIA_VISIBLE_DEVICES=void"]);
});

test("gives half the memory to /dev/shm where its owner did not say, and of the machine's where there is no limit", () => {
  expect(bodyOf({ spec: { memory: 1_024 } }).HostConfig.ShmSize).toBe(512 * MIB);
  expect(bodyOf({ spec: { memory: 1_024, shm: 100 } }).HostConfig.ShmSize).toBe(100 * MIB);
  expect(bodyOf().HostConfig.ShmSize).toBe(MACHINE_BYTES / 2);
  expect(bodyOf({}, 0).HostConfig.ShmSize).toBe(64 * MIB);
});

test("limits memory and swap together, and cores; and neither where no limit was asked for", () => {
  const { HostConfig } = bodyOf({ spec: { memory: 100, cpus: 1.5 } });
  expect(HostConfig).toMatchObject({ Memory: 100 * MIB, MemorySwap: 100 * MIB, NanoCpus: 1_500_000_000 });
  const unlimited = bodyOf().HostConfig;
  expect([unlimited.Memory, unlimited.MemorySwap, unlimited.NanoCpus]).toEqual([undefined, undefined, undefined]);
});

test("binds each port to the host port that was claimed for it", () => {
  const body = bodyOf({
    placement: { ports: [port(), port({ name: "dns", protocol: "udp", container_port: 53, host_port: 20_001 })] },
  });
  expect(body.ExposedPorts).toEqual({ "22/tcp": {}, "53/udp": {} });
  expect(body.HostConfig.PortBindings).toEqual({
    "22/tcp": [{ HostPort: "20000" }],
    "53/udp": [{ HostPort: "20001" }],
  });
});

test("says nothing of what the image itself decides", () => {
  const body = bodyOf();
  for (const field of ["Cmd", "Entrypoint", "WorkingDir"]) expect(body).not.toHaveProperty(field);
  expect(bodyOf({ spec: { command: ["sh"], entrypoint: [], working_dir: "/work" } })).toMatchObject({
    Cmd: ["sh"],
    Entrypoint: [],
    WorkingDir: "/work",
  });
});

test("keeps a terminal open unless its owner said no", () => {
  expect(bodyOf()).toMatchObject({ Tty: true, OpenStdin: true });
  expect(bodyOf({ spec: { tty: false } })).toMatchObject({ Tty: false, OpenStdin: false });
});

test("runs an init, lets no fork bomb out, and writes logs that do not fill the disk", () => {
  expect(bodyOf().HostConfig).toMatchObject({
    Init: true,
    PidsLimit: 32_768,
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
  });
});

test("mounts a directory or a volume where it was chosen, and shows nothing beside a read-only one", () => {
  const mount = { storage: "any", kind: "scratch" as const, read_only: false };
  const directory = { type: "directory" as const, path: "/srv/data", made_in: null };
  const { HostConfig } = bodyOf({
    mounts: [
      { ...mount, path: "/work", source: directory },
      { ...mount, path: "/data", source: directory, read_only: true },
      { ...mount, path: "/root", source: { type: "volume", name: "berth-storage-any.li" } },
    ],
  });
  expect(HostConfig.Mounts).toEqual([
    { Type: "bind", Source: "/srv/data", Target: "/work", ReadOnly: false },
    { Type: "bind", Source: "/srv/data", Target: "/data", ReadOnly: true, BindOptions: { NonRecursive: true } },
    {
      Type: "volume",
      Source: "berth-storage-any.li",
      Target: "/root",
      ReadOnly: false,
      VolumeOptions: { NoCopy: true },
    },
  ]);
});

test("mounts nothing by a spec's word alone", () => {
  const mounts = [{ storage: "data", path: "/data", read_only: false }];
  const unresolved = { storage: "data", path: "/data", kind: null, read_only: false, source: null };
  expect(bodyOf({ spec: { mounts } }).HostConfig).not.toHaveProperty("Mounts");
  expect(bodyOf({ spec: { mounts }, mounts: [unresolved] }).HostConfig).not.toHaveProperty("Mounts");
});

/** Whatever a spec says that the schema lets through. */
const anySpec = fc
  .record(
    {
      command: fc.option(fc.array(fc.string({ maxLength: 20 }).filter((text) => !text.includes("\0")))),
      env: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), fc.stringMatching(/^[a-z ]{0,8}$/)),
      tty: fc.boolean(),
      cpus: fc.option(fc.integer({ min: 1, max: 6_400 }).map((hundredths) => hundredths / 100)),
      memory: fc.option(fc.integer({ min: 6, max: 1_000_000 })),
      shm: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
      restart: fc.constantFrom("unless-stopped" as const, "on-failure" as const, "no" as const),
    },
    { requiredKeys: [] },
  )
  .filter((spec) => ContainerSpec.safeParse(spec).success);

/** What `HostConfig` may hold at all: no privileges, devices, capabilities, host network or paths of the host. */
const ALLOWED = [
  "DeviceRequests",
  "Init",
  "LogConfig",
  "Memory",
  "MemorySwap",
  "NanoCpus",
  "PortBindings",
  "PidsLimit",
  "RestartPolicy",
  "ShmSize",
];

test("never asks for privileges, host paths, or a restart that outlives a stop, whatever the spec says", () => {
  fc.assert(
    fc.property(anySpec, fc.subarray(["GPU-a", "GPU-b", "GPU-c"]), (spec, gpu_uuids) => {
      const { HostConfig, Env } = bodyOf({ spec, placement: { gpu_uuids, ports: [port()] } });
      expect(ALLOWED).toEqual(expect.arrayContaining(Object.keys(HostConfig)));
      expect(["unless-stopped", "on-failure", "no"]).toContain(HostConfig.RestartPolicy.Name);
      expect(Env?.filter((variable) => variable.startsWith("NVIDIA_"))).toEqual([Env?.at(-1)]);
      expect(HostConfig.ShmSize).toBeGreaterThan(0);
      expect(Number.isSafeInteger(HostConfig.NanoCpus ?? 0)).toBe(true);
    }),
  );
});
