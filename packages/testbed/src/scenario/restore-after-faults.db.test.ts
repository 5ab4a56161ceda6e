import { expect, test } from "vitest";
import { waitUntil } from "../fleet/wait-until.ts";
import { describeOnEngines } from "./on-engines.ts";
import type { Scene } from "./scene.ts";
import type { WatchedContainer } from "./watched-container.ts";

/** Made anew with another environment: what it was is set aside. */
async function recreated(scene: Scene): Promise<WatchedContainer> {
  const container = await scene.run();
  await container.owner.container.update.mutate({ ...container.ref, env: { GREETING: "hello" }, recreate: "discard" });
  await container.reaches("Running");
  return container;
}

const has = (container: WatchedContainer, condition: string) =>
  container.until(condition, ({ conditions }) => conditions.some(({ type }) => type === condition));

const holdsOf = (container: WatchedContainer, scene: Scene): Promise<{ engine_id: string }[]> =>
  scene.berth.query("SELECT engine_id FROM held_containers WHERE container_id = $1", [container.container_id]);

const TABLES = ["containers", "container_status", "placements", "held_containers"];

/** All that the database has of it, to be brought back later as from an older backup. */
async function backUpRows({ berth }: Scene, { container_id }: WatchedContainer): Promise<() => Promise<void>> {
  for (const table of TABLES) {
    await berth.query(`CREATE TABLE earlier_${table} AS SELECT * FROM ${table} WHERE container_id = ${container_id}`);
  }
  return async () => {
    const statements = TABLES.map(
      (table) =>
        `DELETE FROM ${table} WHERE container_id = ${container_id}; INSERT INTO ${table} SELECT * FROM earlier_${table}`,
    );
    await berth.query(["SET session_replication_role = replica", ...statements, "DELETE FROM dirty"].join("; "));
  };
}

const endHoldsIn = (hours: number, { container_id }: WatchedContainer, { berth }: Scene) =>
  berth.query("UPDATE held_containers SET held_until = now() + $1 * interval '1 hour' WHERE container_id = $2", [
    hours,
    container_id,
  ]);

describeOnEngines(["simulated"], (scene) => {
  test("a restore that is sent again after a kill behind its rename comes to its end", async () => {
    const { berth } = scene();
    const container = await scene().run();
    const first = await container.onEngine();
    await container.owner.container.update.mutate({ ...container.ref, env: { A: "b" }, recreate: "discard" });
    await container.reaches("Running");
    await berth.restartReconciler({ crashAt: "after-restore" });
    await container.owner.container.restore.mutate(container.ref);
    expect(await berth.reconciler.exited).toBe("SIGKILL");
    await container.owner.container.restore.mutate(container.ref);
    await berth.startReconciler();
    expect(await container.reaches("Running")).toMatchObject({ held: [{ generation: 2 }], conditions: [] });
    expect((await container.onEngine()).id).toBe(first.id);
  });

  test("a restore of what was just replaced, by who could ask for it then, sets aside what bears the name", async () => {
    const { berth } = scene();
    const container = await recreated(scene());
    const second = await container.onEngine();
    await berth.restartReconciler({ crashAt: "after-restore" });
    await container.owner.container.restore.mutate(container.ref);
    expect(await berth.reconciler.exited).toBe("SIGKILL");
    // As an earlier release allowed.
    await berth.query(
      `UPDATE containers c SET restore_engine_id = h.engine_id, recreate_generation = c.generation + 1,
              spec = h.spec, incarnation = h.incarnation
       FROM held_containers h WHERE h.engine_id = $1 AND c.container_id = h.container_id`,
      [second.id],
    );
    await berth.startReconciler();
    expect(await container.reaches("Running")).toMatchObject({ held: [{ generation: 1 }], conditions: [] });
    expect((await container.onEngine()).id).toBe(second.id);
    expect(await holdsOf(container, scene())).toHaveLength(1);
  });

  test("a recreate after a restore that was given up makes another container", async () => {
    const { berth, engine } = scene();
    const container = await scene().run();
    const first = await container.onEngine();
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    await container.reaches("Running");
    const second = await container.onEngine();
    await berth.reconciler.stop();
    await engine.docker("rm", first.id);
    await container.owner.container.restore.mutate(container.ref);
    await berth.startReconciler();
    await has(container, "RestoreFailed");
    await container.owner.container.recreate.mutate({ ...container.ref, recreate: "discard" });
    expect(await container.reaches("Running")).toMatchObject({ conditions: [], held: [{ generation: 2 }] });
    expect((await container.onEngine()).id).not.toBe(second.id);
  });

  test("a database of before a restore touches neither container, tells it, and takes the restore anew", async () => {
    const { berth } = scene();
    const container = await recreated(scene());
    await berth.reconciler.stop();
    const bringBack = await backUpRows(scene(), container);
    await berth.startReconciler();
    await container.owner.container.restore.mutate(container.ref);
    await container.reaches("Running");
    await berth.reconciler.stop();
    await bringBack();
    // Nor once what it takes for a hold is over.
    await endHoldsIn(-1, container, scene());
    const before = await container.allOnEngine();
    await berth.startReconciler();
    await has(container, "UnknownTwin");
    expect(await container.allOnEngine()).toEqual(before);

    await endHoldsIn(1, container, scene());
    await container.owner.container.restore.mutate(container.ref);
    expect(await container.reaches("Running")).toMatchObject({ conditions: [], held: [{ generation: 2 }] });
    expect(await container.allOnEngine()).toEqual(before);
  });

  test("the hold of what was never set aside after all is over", async () => {
    const { berth } = scene();
    const container = await scene().run();
    const made = await container.onEngine();
    await berth.restartReconciler({ crashAt: "after-hold" });
    await container.owner.container.update.mutate({ ...container.ref, env: { A: "b" }, recreate: "discard" });
    expect(await berth.reconciler.exited).toBe("SIGKILL");
    expect(await holdsOf(container, scene())).toEqual([{ engine_id: made.id }]);
    await container.owner.container.update.mutate({ ...container.ref, env: {}, recreate: "discard" });
    await berth.startReconciler();
    expect(await container.reaches("Running")).toMatchObject({ held: [], conditions: [] });
    expect(await holdsOf(container, scene())).toEqual([]);
    expect(await container.allOnEngine()).toEqual([made]);
  });

  test("what an earlier release made can be restored, too, where it still was as wanted after the upgrade", async () => {
    const { berth } = scene();
    const container = await scene().run();
    const made = await container.onEngine();
    await berth.reconciler.stop();
    await berth.query("UPDATE container_status SET applied = applied - 'made_from' WHERE container_id = $1", [
      container.container_id,
    ]);
    await berth.startReconciler();
    await waitUntil("it to be noted", 20_000, async () => {
      const rows = await berth.query<{ noted: boolean }>(
        "SELECT applied ? 'made_from' AS noted FROM container_status WHERE container_id = $1",
        [container.container_id],
      );
      return rows[0]!.noted;
    });
    await container.owner.container.update.mutate({ ...container.ref, env: { A: "b" }, recreate: "discard" });
    await container.reaches("Running");
    await container.owner.container.restore.mutate(container.ref);
    await container.reaches("Running");
    expect((await container.onEngine()).id).toBe(made.id);
  });
});
