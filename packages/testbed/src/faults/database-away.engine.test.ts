import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { type RestartablePostgres, startRestartablePostgres } from "../postgres/restartable.ts";
import type { ReconcilerProcess } from "../scenario/reconciler-process.ts";
import { expectConsistent, expectMadeOnce } from "./consistency.ts";
import { actionsSince, engineTime, listOf, MUTATIONS, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

/** What is measured here is two seconds at most on a machine that has nothing else to do. */
const RESUMED_WITHIN_MS = 10_000;
/** The poll comes every fifteen seconds, and the container is to be made. */
const POLLED_WITHIN_MS = 30_000;

describe.skipIf(!sharedFleet())("a database that goes away", () => {
  let postgres: RestartablePostgres;
  let stage: Stage;
  let machine: StageMachine;
  let reconciler: ReconcilerProcess;
  beforeAll(async () => {
    postgres = await startRestartablePostgres();
    const [generation = "20.10"] = sharedFleet()?.engines.map((engine) => engine.generation) ?? [];
    stage = await Stage.set(postgres.url, { engines: [{ name: "db-away", generation }] });
    machine = stage.machine("db-away");
    reconciler = await stage.startReconciler();
  });
  afterEach(() => stage.deleteContainers());
  afterAll(async () => {
    await stage?.strike();
    await postgres?.remove();
  });

  const isUpAgain = async (container: { uid: string }): Promise<boolean> =>
    (await listOf(machine.engine, container)).some(({ state }) => state === "running");

  test.each([
    ["stopped", "shorter than a lease", 2_000, () => postgres.stop()],
    ["killed", "shorter than a lease", 2_000, () => postgres.kill()],
    ["stopped", "longer than a lease", 12_000, () => postgres.stop()],
  ])(
    "%s, %s: nothing is done on an engine meanwhile, and all of it at once afterwards",
    async (how, _, awayMs, end) => {
      const container = await stage.seeRunning(await stage.create(`${how}-${awayMs}`, machine));
      await end();
      const since = engineTime();
      const { id } = await theOneOf(machine.engine, container);
      await machine.engine.docker("kill", id);
      await delay(awayMs); // nothing is to happen, and only time shows that
      const done = await actionsSince(machine.engine, since);
      // By hand, all of it.
      expect(done.filter((action) => MUTATIONS.has(action))).toEqual(["kill"]);

      await postgres.start();
      const startedAt = performance.now();
      await stage.until("the killed one to run again", () => isUpAgain(container));
      const resumedMs = Math.round(performance.now() - startedAt);
      console.log(`database ${how} for ${awayMs} ms: resumed ${resumedMs} ms after it was back`);
      expect(resumedMs).toBeLessThan(RESUMED_WITHIN_MS);
      await stage.seeRunning(container);
      await expectConsistent(stage);
    },
  );

  test("while a container is being created: it is created once", async () => {
    const since = engineTime();
    const containers = await Promise.all(["mid-a", "mid-b", "mid-c"].map((name) => stage.create(name, machine)));
    await stage.until("a creation to be under way", () =>
      containers.some(({ uid }) =>
        reconciler.log.some((line) => line.includes(uid) && line.includes("createContainer")),
      ),
    );
    await postgres.kill();
    await postgres.start();
    for (const container of containers) await stage.seeRunning(container);
    await expectConsistent(stage);
    await expectMadeOnce(machine.engine, since, containers);
  });

  /** Ends the reconciler's connection of that name; one that is still on its way back is waited for. */
  const endConnection = (name: string): Promise<void> =>
    stage.until(`${name} to be connected`, async () => {
      const { rowCount } = await stage.pool.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
        [name],
      );
      return rowCount === 1;
    });

  test("with only the connection gone that listens: what is recorded then is done", async () => {
    await endConnection("berth-reconciler-listen");
    await stage.seeRunning(await stage.create("unheard", machine));
  });

  test("with only the connection gone that holds the leases: nothing is lost of what happens then", async () => {
    const container = await stage.seeRunning(await stage.create("unleased", machine));
    const { id } = await theOneOf(machine.engine, container);
    const since = engineTime();
    await endConnection("berth-reconciler-lease");
    await machine.engine.docker("kill", id);
    // A list right after the kill may still show it as it ran before.
    await stage.until("the killed one to be started", async () =>
      (await actionsSince(machine.engine, since)).includes("start"),
    );
    await stage.until("the killed one to run again", () => isUpAgain(container));
  });

  test("a notification that gets lost is made up for by the poll", async () => {
    const [row] = (await stage.pool.query<{ is: string }>("SELECT pg_get_functiondef('mark_dirty'::regproc) AS is"))
      .rows;
    if (!row) throw new Error("no function mark_dirty");
    const mute = row.is.replace(/PERFORM pg_notify\(.*?\);/s, "");
    expect(mute).not.toContain("pg_notify");
    expect(mute).not.toBe(row.is);
    await stage.pool.query(mute);
    const restore = () => stage.pool.query(row.is);
    onTestFailed(async () => void (await restore()));
    // Seen by a poll, so that the next one is as far away as it can be.
    await stage.seeRunning(await stage.create("lost-notice", machine));
    const askedAt = performance.now();
    await stage.seeRunning(await stage.create("lost-notice-too", machine));
    const lateMs = Math.round(performance.now() - askedAt);
    console.log(`a lost notification was made up for in ${lateMs} ms`);
    await restore();
    expect(lateMs).toBeLessThan(POLLED_WITHIN_MS);
  });

  test("the reconciler that went through all that is the same process still", () => {
    expect(() => process.kill(reconciler.pid, 0)).not.toThrow();
  });
});
