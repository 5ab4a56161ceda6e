import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { TEST_IMAGE } from "../fleet/test-image.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { administer, dropDatabase, withDatabase } from "../postgres/template.ts";
import { expectConsistent } from "./consistency.ts";
import { fingerprint, listOf, listOurs, runInside, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";

describe.skipIf(!sharedFleet())("a database restored from an older backup", () => {
  let database: TestDatabase;
  let stage: Stage;
  let machine: StageMachine;
  let backups = 0;
  beforeAll(async () => {
    database = await createTestDatabase();
    const [generation = "20.10"] = sharedFleet()?.engines.map((provided) => provided.generation) ?? [];
    stage = await Stage.set(database.url, { engines: [{ name: "restored", generation }] });
    machine = stage.machine("restored");
    await stage.startReconciler();
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  const readOrphans = async (): Promise<string> => {
    const { conditions } = await stage.api.admin.machine.get.query(machine);
    return conditions.find(({ type }) => type === "OrphansFound")?.message ?? "";
  };

  test("a container that comes back after its owner removed it is removed again", async () => {
    const container = await stage.seeRunning(await stage.create("buried", machine));
    const { name, id } = await theOneOf(machine.engine, container);
    const labels = JSON.parse(await machine.engine.docker("inspect", "-f", "{{json .Config.Labels}}", id)) as object;
    await stage.api.admin.container.delete.mutate(container);
    await stage.seeGone(container);
    await stage.killReconcilers();
    // As where the engine's disk is set back: by name and labels the same.
    const asLabels = Object.entries(labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
    await machine.engine.docker("run", "-d", "--init", "--name", name, ...asLabels, TEST_IMAGE, "sleep", "100000");
    expect(await listOf(machine.engine, container)).toHaveLength(1);

    await stage.startReconciler();
    await stage.until("it to be gone again", async () => (await listOf(machine.engine, container)).length === 0);
  });

  test("knows the older ones again, and tells of the newer ones without touching them", async () => {
    const older = await stage.seeRunning(await stage.create("older", machine));
    const edited = await stage.seeRunning(await stage.create("edited", machine));
    await stage.killReconcilers();
    const backup = await backUp();
    onTestFinished(() => dropDatabase(inject("postgres").admin_url, backup));
    await stage.startReconciler();

    const newer = await stage.seeRunning(await stage.create("newer", machine));
    const stopped = await stage.seeRunning(await stage.create("newer-stopped", machine));
    await stage.api.admin.container.stop.mutate(stopped);
    await stage.seeStopped(stopped);
    await stage.api.admin.container.update.mutate({
      container_id: edited.container_id,
      env: { CHANGED: "yes" },
      recreate: "discard",
    });
    await stage.seeRunning(edited);
    const remade = await theOneOf(machine.engine, edited);
    await runInside(machine.engine, remade, "echo precious > /data");
    const untouched = await Promise.all(
      [older, newer, stopped].map((container) => theOneOf(machine.engine, container)),
    );
    const prints = (): Promise<string[]> => Promise.all(untouched.map(({ id }) => fingerprint(machine.engine, id)));
    const before = await prints();

    await stage.moveTo(withDatabase(inject("postgres").admin_url, backup));
    await stage.startReconciler();
    await stage.until("the newer ones to be told of", async () => {
      const told = await readOrphans();
      return untouched.slice(1).every(({ name }) => told.includes(name));
    });
    await stage.see(edited, "the edited one's twin to be told of", ({ conditions }) =>
      conditions.some(({ type }) => type === "UnknownTwin"),
    );
    await stage.seeRunning(older);
    expect(await readOrphans()).toContain(remade.name);
    expect(await readOrphans()).not.toContain(untouched[0]?.name);
    // What was made anew since the backup holds the newest data.
    expect(await runInside(machine.engine, remade, "cat /data")).toBe("precious\n");
    expect(await prints()).toEqual(before);
    const running = (await listOf(machine.engine, edited)).filter(({ state }) => state === "running");
    expect(running.map(({ id }) => id)).toEqual([remade.id]);

    // The one that knows all of them.
    await stage.moveTo(database.url);
    await stage.startReconciler();
    await expectConsistent(stage);
    await stage.deleteContainers();
  });

  test("and an empty one does not empty the machine", async () => {
    for (const name of ["lost-a", "lost-b"]) await stage.seeRunning(await stage.create(name, machine));
    const before = await listOurs(machine.engine);
    expect(before).toHaveLength(2);
    await stage.killReconcilers();
    await stage.pool.query(
      "TRUNCATE containers, container_status, placements, gpu_allocations, port_allocations, held_containers, dirty CASCADE",
    );
    await stage.startReconciler();
    await stage.until("all of them to be told of", async () => {
      const told = await readOrphans();
      return before.every(({ name }) => told.includes(name));
    });
    expect(await listOurs(machine.engine)).toEqual(before);
    await stage.seeRunning(await stage.create("afresh", machine));
    await stage.pool.query("DELETE FROM tombstones");
    await machine.engine.docker("rm", "-f", ...before.map(({ id }) => id));
    await expectConsistent(stage);
    await stage.deleteContainers();
  });

  /** Copies the database as it is now, and answers the copy's name. */
  async function backUp(): Promise<string> {
    const { admin_url: adminUrl } = inject("postgres");
    const original = new URL(database.url).pathname.slice(1);
    const name = `${original}_backup_${(backups += 1)}`;
    await stage.whileAway(() => administer(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${original}`));
    return name;
  }
});
