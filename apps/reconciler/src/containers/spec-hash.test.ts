import fc from "fast-check";
import { expect, test } from "vitest";
import { ContainerSpec, type PortBinding } from "@berth/spec/container.ts";
import type { Mount } from "@berth/spec/mount.ts";
import { type CreateOnly, specHashOf } from "./spec-hash.ts";

const port = (differs: Partial<PortBinding> = {}): PortBinding => ({
  name: "ssh",
  kind: "ssh",
  protocol: "tcp",
  container_port: 22,
  host_port: 20_000,
  ...differs,
});

const mount = (differs: Partial<Mount> = {}): Mount => ({
  storage: "homes",
  path: "/root",
  read_only: false,
  ...differs,
});

interface Differs extends Partial<Omit<CreateOnly, "spec">> {
  spec?: Partial<ContainerSpec>;
}

const hashOf = ({ spec, ...differs }: Differs = {}): string =>
  specHashOf({
    image_id: 7,
    incarnation: 0,
    gpu_uuids: [],
    ports: [],
    ...differs,
    spec: ContainerSpec.parse(spec ?? {}),
  });

/** Every spec field, one value that is not its default, and whether an engine fixes it at create. */
const FIELDS: { [Field in keyof ContainerSpec]: [value: ContainerSpec[Field], isFixed: boolean] } = {
  command: [["sh"], true],
  entrypoint: [["/init"], true],
  working_dir: ["/work", true],
  env: [{ A: "1" }, true],
  tty: [false, true],
  shm: [64, true],
  restart: ["no", true],
  mounts: [[{ storage: "homes", path: "/root", read_only: false }], true],
  cpus: [2, false],
  memory: [512, false],
  // What was asked for; what was given is in the placement.
  ports: [
    [{ name: "ssh", kind: "ssh", protocol: "tcp", publish: true, strip_prefix: true, container_port: 22 }],
    false,
  ],
  gpu_count: [2, false],
  gpu_type: ["RTX 4090", false],
  gpu_uuids: [["GPU-1"], false],
};
const fields = Object.entries(FIELDS).map(([field, [value, isFixed]]) => ({ field, value, isFixed }));

test.each(fields.filter((field) => field.isFixed))(
  "changes with $field, which is fixed at create",
  ({ field, value }) => {
    expect(hashOf({ spec: { [field]: value } })).not.toBe(hashOf());
  },
);

test.each(fields.filter((field) => !field.isFixed))("does not change with $field", ({ field, value }) => {
  expect(hashOf({ spec: { [field]: value } })).toBe(hashOf());
});

test("tells every create-only difference from every other", () => {
  const hashes = [
    hashOf(),
    hashOf({ image_id: 8 }),
    hashOf({ incarnation: 1 }),
    hashOf({ gpu_uuids: ["GPU-1"] }),
    hashOf({ gpu_uuids: ["GPU-1", "GPU-2"] }),
    hashOf({ ports: [port()] }),
    hashOf({ ports: [port({ host_port: 20_001 })] }),
    hashOf({ ports: [port({ container_port: 23 })] }),
    hashOf({ ports: [port({ protocol: "udp" })] }),
    hashOf({ spec: { env: { A: "1", B: "2" } } }),
    hashOf({ spec: { env: { A: "1=B", B: "2" } } }),
    hashOf({ spec: { command: ["a b"] } }),
    hashOf({ spec: { command: ["a", "b"] } }),
    hashOf({ spec: { entrypoint: ["a b"] } }),
    hashOf({ spec: { command: [] } }),
    hashOf({ spec: { mounts: [mount()] } }),
    hashOf({ spec: { mounts: [mount({ storage: "data" })] } }),
    hashOf({ spec: { mounts: [mount({ path: "/data" })] } }),
    hashOf({ spec: { mounts: [mount({ read_only: true })] } }),
    hashOf({ spec: { mounts: [mount(), mount({ path: "/data" })] } }),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("is not changed by a port's name and kind, which only people read", () => {
  expect(hashOf({ ports: [port({ name: "web", kind: "http" })] })).toBe(hashOf({ ports: [port()] }));
});

test("does not depend on the order of variables, ports, mounts or GPUs", () => {
  const anyEnv = fc.dictionary(fc.stringMatching(/^[A-Z]{1,3}$/), fc.stringMatching(/^[a-z]{0,3}$/));
  fc.assert(
    fc.property(anyEnv, (env) => {
      const reversed = Object.fromEntries(Object.entries(env).toReversed());
      expect(hashOf({ spec: { env: reversed } })).toBe(hashOf({ spec: { env } }));
    }),
  );
  const mounts = [mount(), mount({ path: "/data" })];
  expect(hashOf({ spec: { mounts: mounts.toReversed() } })).toBe(hashOf({ spec: { mounts } }));
  const ports = [port(), port({ container_port: 80, host_port: 20_001 })];
  expect(hashOf({ ports: ports.toReversed(), gpu_uuids: ["b", "a"] })).toBe(hashOf({ ports, gpu_uuids: ["a", "b"] }));
});

test("leaves a field with its default out, so that a release that adds a field recreates nothing", () => {
  // Labels on containers that run now. Where one of these changes, every container of a lab would want a recreate.
  expect(hashOf()).toBe("1:d0a465f924eb0554caf2f3b74f7c42f9");
  expect(
    hashOf({ spec: { env: { B: "2", A: "1" }, command: ["sh"], shm: 64 }, gpu_uuids: ["GPU-1"], ports: [port()] }),
  ).toBe("1:fa19ebe57b4e1f73bbfc75402d131643");
  expect(hashOf({ spec: { mounts: [] } })).toBe(hashOf());
});
