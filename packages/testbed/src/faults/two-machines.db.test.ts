import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "@berth/db/pool.ts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Berth, startBerth } from "../scenario/berth.ts";
import { startScenarioSimulation } from "../scenario/scenario-engine.ts";
import { Scene } from "../scenario/scene.ts";
import {
  addFaultyMachine,
  countCalls,
  expectUnharmed,
  type FaultyMachine,
  OPENED_WITHIN_MS,
  openPool,
  UNHARMED_WITHIN_MS,
} from "./faulty-scene.ts";

const REFUSED = { kind: "answer", status: 500, body: '{"message":"not today"}' } as const;

describe("two machines", () => {
  let berth: Berth;
  let pool: Pool;
  const machines: FaultyMachine[] = [];
  let from: Scene;
  let to: Scene;
  beforeAll(async () => {
    berth = await startBerth();
    pool = openPool(berth);
    for (const name of ["from", "to"]) machines.push(await addFaultyMachine(berth, name));
    [from, to] = machines.map(({ scene }) => scene) as [Scene, Scene];
  }, OPENED_WITHIN_MS);
  afterEach(() => expectUnharmed({ berth, pool, machines }), UNHARMED_WITHIN_MS);
  afterAll(async () => {
    await pool?.end();
    await berth?.close();
    await Promise.all(machines.map(({ engine }) => engine.close()));
  });

  test("a move does not end as long as what it leaves is paused, and can't be unpaused", async () => {
    const { simulation, docker } = machines[0]!.engine;
    const container = await from.run({
      gpu_count: 1,
      ports: [{ name: "web", kind: "http", container_port: 80 }],
    });
    const calls = countCalls(simulation);
    simulation.faults.add({ call: "unpause", effect: REFUSED });
    await docker("pause", (await container.onEngine()).id);
    await expect.poll(() => calls("unpause")).toBeGreaterThan(0);
    await container.owner.container.move.mutate({
      ...container.ref,
      machine_id: to.machine_id,
      recreate: "discard",
    });
    const before = calls("unpause");
    await expect.poll(() => calls("unpause")).toBeGreaterThan(before + 1);
    await berth.query("SELECT pg_notify('berth_line', '')");
    await delay(1_000); // nothing is to happen, and only time shows that
    expect(await container.see()).toMatchObject({ machine_id: from.machine_id, phase: "Moving" });
    expect((await container.onEngine()).state).toBe("paused");

    simulation.faults.clear();
    await container.until("its arrival", (seen) => seen.machine_id === to.machine_id && seen.phase === "Running");
    expect((await container.allOnEngine()).map(({ state }) => state)).toEqual(["exited"]);
  });

  test("what a move has left behind, and its engine refuses to stop, keeps nobody from looking at the machine", async () => {
    const { simulation, docker } = machines[0]!.engine;
    const container = await from.run();
    const { id } = await container.onEngine();
    await container.owner.container.move.mutate({
      ...container.ref,
      machine_id: to.machine_id,
      recreate: "discard",
    });
    await container.until("its arrival", (seen) => seen.machine_id === to.machine_id && seen.phase === "Running");
    const calls = countCalls(simulation);
    simulation.faults.add({ call: "stop", effect: REFUSED });
    await docker("start", id);
    await expect.poll(() => calls("stop")).toBeGreaterThan(0);
    simulation.dropConnections();
    // What is asked at the end of a look that follows a new connection.
    await expect.poll(() => calls("info")).toBeGreaterThan(0);
    await from.run();
    simulation.faults.clear();
    await expect.poll(async () => (await container.allOnEngine())[0]?.state).toBe("exited");
  });

  test("one that is removed unheard is followed no more", async () => {
    const gone = await startScenarioSimulation("gone");
    const { machine_id } = await Scene.open(berth, gone);
    const listeners = (): number => gone.simulation.daemon.events.listeners;
    await expect.poll(listeners).toBe(1);
    const [row] = await berth.query<{ is: string }>("SELECT pg_get_functiondef('notice_machine'::regproc) AS is");
    const mute = row!.is.replace(/PERFORM pg_notify\(.*?\);/s, "");
    expect(mute).not.toBe(row!.is);
    await berth.query(mute);
    await berth.admin.machine.remove.mutate({ machine_id });
    await berth.query(row!.is);
    await expect.poll(listeners, { timeout: 40_000 }).toBe(0);
    await gone.close();
  });
});
