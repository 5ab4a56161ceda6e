import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type SimulatedFleet, startSimulatedFleet } from "./fleet.ts";
import { ask } from "./raw-request.fixture.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "fleet-test-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function open(data_dir: string, count: number): Promise<SimulatedFleet & { first: SimulatedEngine }> {
  const fleet = await startSimulatedFleet({ data_dir, count, timings: "instant" });
  const first = fleet.machines[0]?.engine;
  if (!first) throw new Error("the fleet has no machine");
  return { ...fleet, first };
}

async function run(engine: SimulatedEngine, name: string, policy: string, Cmd = ["sleep", "infinity"]): Promise<void> {
  const body = { Image: "busybox:latest", Cmd, HostConfig: { Init: true, RestartPolicy: { Name: policy } } };
  await ask(engine, "POST", `/containers/create?name=${name}`, body);
  await ask(engine, "POST", `/containers/${name}/start`);
}

test("has the same machines at every start, each with its own GPUs", async () => {
  const path = await folder();
  const before = await open(path, 3);
  const facts = before.machines.map((machine) => machine.facts);
  await before.close();
  const after = await open(path, 3);
  expect(after.machines.map((machine) => machine.name)).toEqual(["gpu-sim-1", "gpu-sim-2", "gpu-sim-3"]);
  expect(after.machines.map((machine) => machine.facts)).toEqual(facts);
  const uuids = facts.flatMap(({ gpus }) => gpus.map(({ uuid }) => uuid));
  expect(new Set(uuids).size).toBe(14);
  await after.close();
});

test("brings back what ran where its policy says so, and leaves down what someone stopped", async () => {
  const path = await folder();
  const before = await open(path, 1);
  await run(before.first, "kept", "unless-stopped");
  await run(before.first, "stopped", "unless-stopped");
  await ask(before.first, "POST", "/containers/stopped/stop");
  await run(before.first, "once", "no");
  await before.close();

  const after = await open(path, 1);
  const listed = (await ask(after.first, "GET", "/containers/json?all=1")).json() as {
    Names: string[];
    State: string;
  }[];
  const states = Object.fromEntries(listed.map(({ Names, State }) => [Names[0], State]));
  expect(states).toEqual({ "/kept": "running", "/stopped": "exited", "/once": "exited" });
  await after.close();
});

test("starts on one machine what was saved on another, also after a restart", async () => {
  const path = await folder();
  const before = await open(path, 2);
  await run(before.first, "work", "no", ["sh", "-c", "echo kept > /work; sleep infinity"]);
  await ask(before.first, "POST", "/commit?container=work&repo=lab.test:5000/me/work&tag=v1");
  const pushed = await ask(before.first, "POST", "/images/lab.test:5000/me/work/push?tag=v1");
  expect(pushed.text).toMatch(/v1: digest: sha256:[a-f0-9]{64}/);
  await before.close();

  const after = await open(path, 2);
  const second = after.machines[1]?.engine;
  if (!second) throw new Error("the fleet has no second machine");
  await ask(second, "POST", "/images/create?fromImage=lab.test:5000/me/work&tag=v1");
  const body = { Image: "lab.test:5000/me/work:v1", Cmd: ["cat", "/work"], Tty: true };
  await ask(second, "POST", "/containers/create?name=copy", body);
  await ask(second, "POST", "/containers/copy/start");
  await ask(second, "POST", "/containers/copy/wait");
  expect((await ask(second, "GET", "/containers/copy/logs?stdout=1")).text).toBe("kept\r\n");
  await after.close();
});

/** Commits a container of the first machine and pushes it to the fleet's own registry. */
async function saveOnRegistry(fleet: SimulatedFleet & { first: SimulatedEngine }): Promise<void> {
  const name = `${fleet.registry_address}/me/work`;
  await run(fleet.first, "work", "no");
  await ask(fleet.first, "POST", `/commit?container=work&repo=${name}&tag=v1`);
  await ask(fleet.first, "POST", `/images/${name}/push?tag=v1`);
}

const tagsOn = async (address: string): Promise<unknown> =>
  (await fetch(`http://${address}/v2/me/work/tags/list`)).json();

test("has a registry at the same address after every start, with all that was pushed", async () => {
  const path = await folder();
  const before = await open(path, 1);
  await saveOnRegistry(before);
  await before.close();
  const after = await open(path, 2);
  expect(after.registry_address).toBe(before.registry_address);
  expect(await tagsOn(after.registry_address)).toEqual({ name: "me/work", tags: ["v1"] });
  const second = after.machines[1]!.engine;
  const pulled = await ask(second, "POST", `/images/create?fromImage=${after.registry_address}/me/work&tag=v1`);
  expect(pulled.text).toContain("Status: Downloaded newer image");
  await after.close();
});

test("takes another address for its registry where the first is taken, and what was pushed goes along", async () => {
  const path = await folder();
  const before = await open(path, 1);
  await saveOnRegistry(before);
  await before.close();
  const stranger = createServer().listen(Number(before.registry_address.split(":")[1]), "127.0.0.1");
  await once(stranger, "listening");
  onTestFinished(() => void stranger.close());
  const moved = await open(path, 1);
  expect(moved.registry_address).not.toBe(before.registry_address);
  await moved.close();
  const after = await open(path, 1);
  expect(after.registry_address).toBe(moved.registry_address);
  expect(await tagsOn(after.registry_address)).toEqual({ name: "me/work", tags: ["v1"] });
  await after.close();
});

test("finds a shorter place for its sockets where the data folder's path is too long for them", async () => {
  const path = join(await folder(), "a".repeat(60), "b".repeat(60));
  const fleet = await open(path, 1);
  expect(Buffer.byteLength(fleet.first.socket_path ?? "")).toBeLessThanOrEqual(107);
  expect((await ask(fleet.first, "GET", "/_ping")).text).toBe("OK");
  await fleet.close();
});
