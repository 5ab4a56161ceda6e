import { expect, test } from "vitest";
import { AddMachineInput, EngineTls, MachineId, MachineName, PortRange } from "./machine.ts";

test("takes engine ids of both kinds for a machine's id, with the suffix of a second one", () => {
  const ids = ["7TLJ:GZ2P:4XYZ", "0c2ad21d-5b5b-4f6f-9c0e-6b3b8f6b0a11", "0c2ad21d-2"];
  for (const id of ids) expect(MachineId.safeParse(id).success).toBe(true);
  for (const id of ["", "-a", "a b", "a/b", "a".repeat(129)]) expect(MachineId.safeParse(id).success).toBe(false);
});

test("takes host names for a machine's name", () => {
  for (const name of ["gpu-1", "GPU1.lab.example", "a"]) expect(MachineName.safeParse(name).success).toBe(true);
  for (const name of ["", "-gpu", "gpu-", "gpu_1", "gpu 1", "a".repeat(64)]) {
    expect(MachineName.safeParse(name).success).toBe(false);
  }
});

test("keeps a port range the right way round and above the system's ports", () => {
  expect(PortRange.safeParse({ first: 1_024, last: 1_024 }).success).toBe(true);
  for (const range of [
    { first: 1_023, last: 2_000 },
    { first: 3_000, last: 2_000 },
    { first: 3_000, last: 65_536 },
  ]) {
    expect(PortRange.safeParse(range).success).toBe(false);
  }
});

test("must be told that plain TCP is allowed", () => {
  expect(AddMachineInput.parse({ url: "tcp://10.0.0.1:2375" }).allow_insecure).toBe(false);
});

test("takes keys only as PEM", () => {
  const pem = `-----BEGIN CERTIFICATE-----\n${"A".repeat(64)}\n-----END CERTIFICATE-----\n`;
  expect(EngineTls.safeParse({ ca: pem, cert: pem, key: pem }).success).toBe(true);
  expect(EngineTls.safeParse({ ca: pem, cert: pem, key: "A".repeat(100) }).success).toBe(false);
});
