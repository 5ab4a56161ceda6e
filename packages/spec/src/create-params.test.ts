import fc from "fast-check";
import { expect, test } from "vitest";
import { ContainerPorts, CreateParams, Env } from "./create-params.ts";

const takes = (env: Record<string, string>): boolean => Env.safeParse(env).success;
const ssh = { name: "ssh", kind: "ssh", container_port: 22 };

test("takes variables with the names that shells take", () => {
  expect(takes({ PATH: "/bin", _x: "", lower_1: "a=b\nc" })).toBe(true);
  for (const name of ["", "1A", "A-B", "A B", "A=B", "Ä", `A${"B".repeat(128)}`])
    expect(takes({ [name]: "" })).toBe(false);
});

test("leaves NVIDIA_* to Berth, however it is written", () => {
  for (const name of ["NVIDIA_VISIBLE_DEVICES", "NVIDIA_X", "nvidia_visible_devices", "Nvidia_X"]) {
    expect(takes({ [name]: "all" })).toBe(false);
  }
  expect(takes({ MY_NVIDIA_X: "1", NVIDIA: "1" })).toBe(true);
});

test("refuses what no process can be given, and what is too much", () => {
  expect(takes({ A: "nul\0" })).toBe(false);
  expect(takes({ A: "x".repeat(32_768) })).toBe(true);
  expect(takes({ A: "x".repeat(32_769) })).toBe(false);
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${i}`, ""]));
  expect(takes(many(200))).toBe(true);
  expect(takes(many(201))).toBe(false);
  expect(CreateParams.safeParse({ command: ["a\0"] }).success).toBe(false);
});

test("lists each port and each port's name once; one number may be there as tcp and as udp", () => {
  expect(ContainerPorts.safeParse([ssh, { ...ssh, name: "ssh2" }]).success).toBe(false);
  expect(ContainerPorts.safeParse([ssh, { ...ssh, container_port: 23 }]).success).toBe(false);
  expect(ContainerPorts.safeParse([ssh, { ...ssh, name: "mosh", protocol: "udp" }]).success).toBe(true);
  for (const container_port of [0, 65_536, 1.5]) {
    expect(ContainerPorts.safeParse([{ ...ssh, container_port }]).success).toBe(false);
  }
});

test("knows no restart policy that outlives a stop", () => {
  expect(CreateParams.safeParse({ restart: "always" }).success).toBe(false);
  expect(CreateParams.parse({}).restart).toBe("unless-stopped");
});

test("takes every hundredth of a core, and nothing finer", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 102_400 }), (hundredths) => {
      expect(CreateParams.safeParse({ cpus: hundredths / 100 }).success).toBe(true);
    }),
  );
  for (const cpus of [0, -1, 0.005, 1.234, 1_025]) expect(CreateParams.safeParse({ cpus }).success).toBe(false);
});

test("takes memory from the least that Docker takes", () => {
  expect(CreateParams.safeParse({ memory: 6 }).success).toBe(true);
  for (const memory of [5, 0, -1, 6.5]) expect(CreateParams.safeParse({ memory }).success).toBe(false);
});

test("wants an absolute path to work in", () => {
  expect(CreateParams.safeParse({ working_dir: "/work" }).success).toBe(true);
  expect(CreateParams.safeParse({ working_dir: "work" }).success).toBe(false);
});

test("is unchanged by being read again", () => {
  const params = CreateParams.parse({ env: { A: "1" }, ports: [ssh], gpu_count: 1 });
  expect(CreateParams.parse(JSON.parse(JSON.stringify(params)))).toEqual(params);
});
