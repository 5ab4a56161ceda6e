import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { expectConsistent } from "./consistency.ts";
import { runInside, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

const GENERATIONS = (["20.10", "28.5"] as const).filter((generation) =>
  sharedFleet()?.engines.some((engine) => engine.generation === generation),
);
const ENGINES = GENERATIONS.flatMap((generation) => [
  { name: `plain-${generation.replace(".", "-")}`, generation, live_restore: false },
  { name: `live-${generation.replace(".", "-")}`, generation, live_restore: true },
]);
const FIRST = ENGINES[0]?.name ?? "";
const LAST = ENGINES.at(-2)?.name ?? "";

/** Two seconds on a machine that has nothing else to do: here four engines come back side by side. */
const RESTORED_WITHIN_MS = 10_000;
/** Ten seconds of pings that are not answered, and what it takes a busy machine to tell. */
const NOTICED_WITHIN_MS = 20_000;
/** Well before the first call to a sick engine gives up. */
const ELSEWHERE_WITHIN_MS = 8_000;

describe.skipIf(GENERATIONS.length === 0)("an engine that goes away", () => {
  let database: TestDatabase;
  let stage: Stage;
  beforeAll(async () => {
    database = await createTestDatabase();
    stage = await Stage.set(database.url, { engines: ENGINES });
    await stage.startReconciler();
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  const isOnline = async (name: string): Promise<boolean> =>
    (await stage.api.admin.machine.get.query(stage.machine(name))).online;

  const conditionOf = async (name: string, type: string): Promise<string | undefined> => {
    const { conditions } = await stage.api.admin.machine.get.query(stage.machine(name));
    return conditions.find((condition) => condition.type === type)?.status;
  };

  const startedAt = (engine: FleetEngine, { id }: { id: string }): Promise<string> =>
    engine.docker("inspect", "-f", "{{.State.StartedAt}}", id);

  /** Asks for a container on an engine that is well, and waits until it runs. */
  async function expectPromptElsewhere(name: string): Promise<Container> {
    const asked = performance.now();
    const elsewhere = await stage.seeRunning(await stage.create(name, stage.machine(ENGINES[1]?.name ?? "")));
    const ranMs = Math.round(performance.now() - asked);
    console.log(`${name}: running after ${ranMs} ms`);
    expect(ranMs).toBeLessThan(ELSEWHERE_WITHIN_MS);
    return elsewhere;
  }

  /** As the database has it, and without the test's containers: whoever comes next finds what this one found. */
  async function leave(machine: StageMachine, containers: readonly Container[]): Promise<void> {
    await expectConsistent({ pool: stage.pool, machines: [machine] });
    await stage.deleteContainers(containers);
  }

  describe.concurrent.each(ENGINES)("$name", ({ name, live_restore }) => {
    test("what should run runs again, and what was stopped stays stopped, after dockerd's restart and its kill", async () => {
      const machine = stage.machine(name);
      const { engine } = machine;
      const [running, stopped] = await Promise.all([
        stage.create(`${name}-running`, machine).then((container) => stage.seeRunning(container)),
        stage.create(`${name}-stopped`, machine).then((container) => stage.seeRunning(container)),
      ]);
      await stage.api.admin.container.stop.mutate(stopped);
      await stage.seeStopped(stopped);
      const was = await theOneOf(engine, running);
      await runInside(engine, was, "echo kept > /data");
      const ranSince = await startedAt(engine, was);

      for (const [how, end] of [
        ["restarted", () => engine.stop()],
        ["killed", () => engine.kill("SIGKILL")],
      ] as const) {
        await end();
        await engine.start();
        const upAt = performance.now();
        await stage.until(`${name} to run it again`, async () => (await theOneOf(engine, running)).state === "running");
        const restoredMs = Math.round(performance.now() - upAt);
        console.log(`${name} ${how}: restored ${restoredMs} ms after the engine was back`);
        expect(restoredMs).toBeLessThan(RESTORED_WITHIN_MS);
        await stage.until(`${name} to be online`, () => isOnline(name));
        expect(await stage.seeRunning(running)).toMatchObject({ conditions: [] });
        expect((await theOneOf(engine, running)).id).toBe(was.id);
        expect(await runInside(engine, was, "cat /data")).toBe("kept\n");
        if (live_restore) expect(await startedAt(engine, was)).toBe(ranSince);
        await stage.seeStopped(stopped);
        expect((await theOneOf(engine, stopped)).state).toBe("exited");
      }
      await leave(machine, [running, stopped]);
    });
  });

  // Also the end of what runs side by side before it.
  test("afterwards every engine has what the database says", () => expectConsistent(stage));

  // Side by side only where each has an engine of its own to freeze.
  describe("half-dead", { concurrent: FIRST !== LAST }, () => {
    test("a frozen dockerd is noticed, holds up nobody else, and is taken up again when it thaws", async () => {
      const machine = stage.machine(FIRST);
      const container = await stage.seeRunning(await stage.create("on-frozen", machine));
      await machine.engine.kill("SIGSTOP");
      const frozenAt = performance.now();
      // So that work for the frozen one is under way, and nobody has noticed yet, when another one is asked.
      await stage.api.admin.container.stop.mutate(container);
      const elsewhere = await expectPromptElsewhere("elsewhere");
      expect(await isOnline(FIRST)).toBe(true);
      await stage.until("it to be shown offline", async () => !(await isOnline(FIRST)));
      const noticedMs = Math.round(performance.now() - frozenAt);
      console.log(`frozen dockerd noticed after ${noticedMs} ms`);
      expect(noticedMs).toBeLessThan(NOTICED_WITHIN_MS);
      const unknown = ({ phase }: Container): boolean => phase === "Unknown";
      await stage.see(container, "its container to be unknown", unknown);
      expect(await conditionOf(FIRST, "Reachable")).toBe("false");

      await machine.engine.kill("SIGCONT");
      await stage.until("it to be shown online", () => isOnline(FIRST), 45_000);
      await stage.seeStopped(container);
      expect(await conditionOf(FIRST, "Reachable")).toBe("true");
      await leave(machine, [container, elsewhere]);
    });

    test("a frozen containerd is told, while lists go on being believed", async () => {
      const machine = stage.machine(LAST);
      const { engine } = machine;
      const [stopping, renamed] = await Promise.all([
        stage.create("on-stuck", machine).then((container) => stage.seeRunning(container)),
        stage.create("on-stuck-too", machine).then((container) => stage.seeRunning(container)),
      ]);
      await engine.kill("SIGSTOP", "containerd");
      await stage.api.admin.container.stop.mutate(stopping);
      const unhealthy = async (): Promise<boolean> => (await conditionOf(LAST, "EngineHealthy")) === "false";
      await stage.until("EngineHealthy to be false", unhealthy, 60_000);
      expect(await isOnline(LAST)).toBe(true);
      // Neither list nor rename needs containerd.
      const { id, name } = await theOneOf(engine, renamed);
      await engine.docker("rename", id, "by-hand");
      await stage.until("its name to be back", async () => (await theOneOf(engine, renamed)).name === name);

      await engine.kill("SIGCONT", "containerd");
      await stage.seeStopped(stopping, 60_000);
      await stage.until("EngineHealthy to be true", async () => !(await unhealthy()));
      await leave(machine, [stopping, renamed]);
    }, 180_000);
  });

  test("one behind a wall that drops every packet is noticed, holds up nobody else, and is taken up again when the wall is gone", async () => {
    const machine = stage.machine(FIRST);
    const container = await stage.seeRunning(await stage.create("behind-a-wall", machine));
    await machine.engine.dropPackets(true);
    const walledAt = performance.now();
    await stage.api.admin.container.stop.mutate(container);
    const beside = await expectPromptElsewhere("beside-a-wall");
    await stage.until("it to be shown offline", async () => !(await isOnline(FIRST)));
    const noticedMs = Math.round(performance.now() - walledAt);
    console.log(`a wall noticed after ${noticedMs} ms`);
    expect(noticedMs).toBeLessThan(NOTICED_WITHIN_MS);

    await machine.engine.dropPackets(false);
    await stage.until("it to be shown online", () => isOnline(FIRST), 45_000);
    await stage.seeStopped(container);
    await leave(machine, [container, beside]);
  });

  test("in the end every engine has what the database says", () => expectConsistent(stage));
});
