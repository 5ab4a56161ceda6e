import { ContainerPorts } from "@berth/spec/create-params.ts";
import { expect, test } from "vitest";
import { portsOf } from "./exposed-ports.ts";

test("an image's ports have a name and a kind, by what usually listens there", () => {
  expect(portsOf(["22/tcp", "8888/tcp", "6006", "53/udp"])).toEqual([
    { name: "ssh", kind: "ssh", protocol: "tcp", container_port: 22, publish: true, strip_prefix: true },
    { name: "http-8888", kind: "http", protocol: "tcp", container_port: 8888, publish: true, strip_prefix: true },
    { name: "tcp-6006", kind: "tcp", protocol: "tcp", container_port: 6006, publish: true, strip_prefix: true },
    { name: "udp-53", kind: "tcp", protocol: "udp", container_port: 53, publish: true, strip_prefix: true },
  ]);
});

test("whatever an image says, its ports are what a container may have", () => {
  const many = Array.from({ length: 100 }, (_, index) => `${9_000 + index}/tcp`);
  const said = ["0/tcp", "70000/tcp", "80-90/tcp", "x", "", "80/sctp", "443/tcp", "443", ...many];
  const ports = portsOf(said);
  expect(ContainerPorts.parse(ports)).toHaveLength(32);
  expect(ports[0]).toMatchObject({ container_port: 443, publish: true, strip_prefix: true });
});
