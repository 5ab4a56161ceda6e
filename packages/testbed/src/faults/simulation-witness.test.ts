import { LABEL } from "@berth/spec/engine-names.ts";
import { expect, onTestFinished, test } from "vitest";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { changeByHand } from "../scenario/engine-by-hand.ts";
import { type ScenarioSimulation, SIMULATED_GPUS, startScenarioSimulation } from "../scenario/scenario-engine.ts";
import { SimulationWitness } from "./simulation-witness.ts";

interface Wanted {
  gpu?: number;
  port?: number;
  /** As a container that is nobody's of Berth. */
  isForeign?: boolean;
}

async function open(): Promise<{ engine: ScenarioSimulation; witness: SimulationWitness }> {
  const witness = new SimulationWitness();
  const engine = await startScenarioSimulation("watched", { onlooker: witness });
  onTestFinished(() => engine.close());
  // What is told to those who listen is none of its business.
  engine.simulation.faults.events = { drop: 1, duplicate: 0, reorder: 0 };
  return { engine, witness };
}

/** Makes one as Berth does, by its name, which is its uid as well. */
async function create({ socket_path }: ScenarioSimulation, name: string, wanted: Wanted): Promise<void> {
  const { gpu, port, isForeign = false } = wanted;
  const gpus = [{ Driver: "nvidia", DeviceIDs: [SIMULATED_GPUS[gpu ?? 0]!.uuid], Capabilities: [["gpu"]] }];
  const { status } = await changeByHand(socket_path, "POST", `/containers/create?name=${name}`, {
    Image: TEST_IMAGE,
    Cmd: ["sleep", "1000"],
    Labels: isForeign ? {} : { [LABEL.uid]: name },
    HostConfig: {
      ...(gpu !== undefined && { DeviceRequests: gpus }),
      ...(port !== undefined && { PortBindings: { "80/tcp": [{ HostIp: "", HostPort: String(port) }] } }),
      RestartPolicy: { Name: "unless-stopped" },
    },
  });
  expect(status).toBe(201);
}

const start = async ({ socket_path }: ScenarioSimulation, name: string): Promise<number> =>
  (await changeByHand(socket_path, "POST", `/containers/${name}/start`)).status;

const stop = async ({ socket_path }: ScenarioSimulation, name: string): Promise<number> =>
  (await changeByHand(socket_path, "POST", `/containers/${name}/stop?t=0`)).status;

test("sees a GPU in two containers, though one of them is stopped before anybody looks", async () => {
  const { engine, witness } = await open();
  await create(engine, "one", { gpu: 0 });
  await create(engine, "two", { gpu: 0 });
  await create(engine, "three", { gpu: 1 });
  for (const name of ["one", "three", "two"]) expect(await start(engine, name)).toBe(204);
  await stop(engine, "two");
  expect(witness.takeDoubleUses()).toEqual(["two was started with GPU-scenario-0, which one had"]);
  expect(witness.takeDoubleUses()).toEqual([]);
  await stop(engine, "one");
  await start(engine, "two");
  expect(witness.takeDoubleUses()).toEqual([]);
});

test("sees it on the engine that is started again, too", async () => {
  const { engine, witness } = await open();
  await create(engine, "one", { gpu: 0 });
  await create(engine, "two", { gpu: 0 });
  await start(engine, "one");
  await engine.restart();
  await start(engine, "two");
  expect(witness.takeDoubleUses()).toEqual(["two was started with GPU-scenario-0, which one had"]);
  expect([witness.createsOf("one"), witness.createsOf("none")]).toEqual([1, 0]);
});

test("sees a start that the engine refuses, as another container has its port", async () => {
  const { engine, witness } = await open();
  await create(engine, "one", { port: 20_000 });
  await create(engine, "two", { port: 20_000 });
  expect([await start(engine, "one"), await start(engine, "two")]).toEqual([204, 500]);
  expect(witness.takeDoubleUses()).toEqual(["two was started at port 20000/tcp, which one had"]);
});

test("blames nobody for what a stranger has, or for what a hand has started until that ends", async () => {
  const { engine, witness } = await open();
  await create(engine, "foreign", { gpu: 0, port: 20_000, isForeign: true });
  await create(engine, "one", { gpu: 0 });
  await create(engine, "two", { port: 20_000 });
  await create(engine, "three", { gpu: 0 });
  for (const name of ["foreign", "one", "two"]) await start(engine, name);
  const byHand = async (): Promise<{ isRefused: boolean }> => ({ isRefused: (await start(engine, "three")) >= 300 });
  await witness.whileStartedByHand(engine.simulation.daemon.container("three").id, byHand);
  expect(witness.takeDoubleUses()).toEqual([]);
  await stop(engine, "three");
  await start(engine, "three");
  expect(witness.takeDoubleUses()).toEqual(["three was started with GPU-scenario-0, which one had"]);
});
