import { createPool, type Pool } from "@berth/db/pool.ts";
import { LABEL } from "@berth/spec/engine-names.ts";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, vi } from "vitest";
import { type Berth, startBerth } from "../scenario/berth.ts";
import { type ScenarioSimulation, startScenarioSimulation } from "../scenario/scenario-engine.ts";
import { Scene } from "../scenario/scene.ts";
import type { EngineCall } from "../simulated/faults.ts";
import { expectConsistent } from "./consistency.ts";
import { fingerprint, listOurs, runForeign } from "./on-engine.ts";
import { SimulationWitness } from "./simulation-witness.ts";

/** Generous: a test's machine may be busy with others. */
export const OPENED_WITHIN_MS = 90_000;
/** More than what a test waits for at the most: its own words are better than a timeout's. */
const TESTED_WITHIN_MS = 60_000;
export const UNHARMED_WITHIN_MS = 90_000;

/** A simulated machine with a container that is not Berth's. */
export interface FaultyMachine {
  engine: ScenarioSimulation;
  /** Sees what happens on `engine`. */
  witness: SimulationWitness;
  scene: Scene;
  foreign: { id: string; was: string };
}

/** A whole Berth whose one machine is simulated in this process. */
export interface FaultyScene extends FaultyMachine {
  berth: Berth;
  pool: Pool;
}

/**
 * One for the tests of a file. After each of them its faults are taken away, and it must hold: the engine is as the
 * database says, with each container once; at no time was a GPU or a port in two of them; the foreign container is as it was;
 * and the reconciler has survived. Then the test's containers are deleted, and nothing of them is left.
 */
export function useFaultyScene(): () => FaultyScene {
  let opened: FaultyScene;
  vi.setConfig({ testTimeout: TESTED_WITHIN_MS });
  beforeAll(async () => {
    opened = await openFaultyScene();
  }, OPENED_WITHIN_MS);
  afterEach(() => expectUnharmed({ ...opened, machines: [opened] }), UNHARMED_WITHIN_MS);
  afterAll(() => closeFaultyScene(opened));
  return () => opened;
}

export async function openFaultyScene(): Promise<FaultyScene> {
  const berth = await startBerth();
  return { berth, pool: openPool(berth), ...(await addFaultyMachine(berth, "faulty")) };
}

export const openPool = ({ database_url }: Berth): Pool =>
  createPool(database_url, { max: 2, applicationName: "berth-test", onError: () => undefined });

export async function addFaultyMachine(berth: Berth, name: string): Promise<FaultyMachine> {
  const witness = new SimulationWitness();
  const engine = await startScenarioSimulation(name, { onlooker: witness });
  const id = await runForeign(engine);
  return {
    engine,
    witness,
    scene: await Scene.open(berth, engine),
    foreign: { id, was: await fingerprint(engine, id) },
  };
}

export async function closeFaultyScene(opened: FaultyScene | undefined): Promise<void> {
  await opened?.pool.end();
  await opened?.berth.close();
  await opened?.engine.close();
}

/** What {@link useFaultyScene} says of each test's end, for as many machines as there are. */
export async function expectUnharmed({
  berth,
  pool,
  machines,
}: {
  berth: Berth;
  pool: Pool;
  machines: readonly Pick<FaultyMachine, "engine" | "witness" | "foreign">[];
}): Promise<void> {
  for (const { engine } of machines) engine.simulation.faults.clear();
  await expectConsistent({ pool, machines });
  for (const { engine, witness, foreign } of machines) {
    expect(witness.takeDoubleUses()).toEqual([]);
    expect(await fingerprint(engine, foreign.id)).toBe(foreign.was);
  }
  expect(() => process.kill(berth.reconciler.pid, 0)).not.toThrow();
  await berth.deleteContainers();
  for (const { engine } of machines) await expect.poll(() => listOurs(engine)).toEqual([]);
}

/** What was done to the containers of `uid` on the engine, of the last 256 events, told to Berth or not. */
export const doneTo = ({ daemon }: ScenarioSimulation["simulation"], { uid }: { uid: string }): string[] =>
  daemon.events
    .since(0n)
    .filter(({ Actor }) => Actor.Attributes[LABEL.uid] === uid)
    .map(({ Action }) => Action);

/** How often one thing was done, as {@link doneTo} has it. */
export const timesOf = (simulation: ScenarioSimulation["simulation"], of: { uid: string }, action: string): number =>
  doneTo(simulation, of).filter((done) => done === action).length;

/** Says how often a call has arrived at the engine since, done or not, for the rest of the test. */
export function countCalls({ faults }: ScenarioSimulation["simulation"]): (call: EngineCall) => number {
  const take = vi.spyOn(faults, "take");
  onTestFinished(() => take.mockRestore());
  return (call) => take.mock.calls.filter(([arrived]) => arrived === call).length;
}

/** A request as it came to the engine. */
export interface SeenRequest {
  method: string;
  /** `/v1.51/containers/json?all=1`. */
  url: string;
  /** Monotonic, ms. */
  at: number;
  /** Whether its connection broke before it was answered. */
  isCut: boolean;
}

/** Those that arrive at the engine from now on, for the rest of the test. */
export function recordRequests({ hearRequests }: ScenarioSimulation["simulation"]): readonly SeenRequest[] {
  const requests: SeenRequest[] = [];
  const stop = hearRequests(({ method = "", url = "" }, response) => {
    const seen: SeenRequest = { method, url, at: performance.now(), isCut: false };
    requests.push(seen);
    response.once("close", () => (seen.isCut = !response.writableFinished));
  });
  onTestFinished(stop);
  return requests;
}
