import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { seededRandom } from "../simulated/seeded-random.ts";
import { expectConsistent } from "./consistency.ts";
import { fingerprint, listOurs, runForeign } from "./on-engine.ts";
import { isAllAsAsked, RestlessPeople } from "./restless-people.ts";
import { Stage } from "./stage.ts";
import { Witness } from "./witness.ts";

const ENGINES = (["20.10", "28.5"] as const)
  .filter((generation) => sharedFleet()?.engines.some((engine) => engine.generation === generation))
  .map((generation) => ({ name: `random-${generation.replace(".", "-")}`, generation }));
const KILLS = 16;
/** Fewer on a machine that is slow to start one. */
const KILLS_AT_LEAST = 4;
const AT_MOST_MS = 30_000;

describe.skipIf(ENGINES.length === 0)("a reconciler that is killed at any moment", () => {
  let database: TestDatabase;
  let stage: Stage;
  beforeAll(async () => {
    database = await createTestDatabase();
    stage = await Stage.set(database.url, { engines: ENGINES });
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  const seed = Date.now() % 1_000_000;

  test(`while people and hands change everything all the time: in the end all is as asked for (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const { container: api } = stage.api.admin;
    const foreign = await Promise.all(
      stage.machines.map(async ({ engine }) => {
        const id = await runForeign(engine);
        return { engine, id, was: await fingerprint(engine, id) };
      }),
    );
    const witness = await Witness.of(stage.machines);
    onTestFinished(() => witness.close());
    const people = new RestlessPeople(stage, witness, random);
    const startedAt = performance.now();
    let kills = 0;
    people.begin();
    while (kills < KILLS_AT_LEAST || (kills < KILLS && performance.now() - startedAt < AT_MOST_MS)) {
      const reconciler = await stage.startReconciler();
      await delay(random() * 1_500);
      reconciler.kill("SIGKILL");
      expect(await reconciler.exited).toBe("SIGKILL");
      kills += 1;
    }
    await people.end();
    console.log(`${kills} kills in ${Math.round(performance.now() - startedAt)} ms: ${people.summary()}`);
    expect(people.neverDone()).toEqual([]);

    const reconciler = await stage.startReconciler();
    const quietAt = performance.now();
    await expectConsistent(stage, 60_000);
    await stage.until("all to be as asked for", () => isAllAsAsked(stage), 60_000);
    console.log(`converged ${Math.round(performance.now() - quietAt)} ms after the last start`);
    await expectConsistent(stage);
    for (const { engine, id, was } of foreign) expect(await fingerprint(engine, id)).toBe(was);
    expect(witness.verdict()).toMatchObject({ duplicates: [], losses: [] });
    expect(witness.verdict().created).toBeGreaterThan(0);

    for (const { container_id, uid } of (await api.list.query({})).items) {
      await witness.expectRemovalOf(uid, () => api.delete.mutate({ container_id }));
    }
    await stage.until("all to be gone", async () => (await api.list.query({})).items.length === 0, 60_000);
    for (const { engine } of stage.machines) expect(await listOurs(engine)).toEqual([]);
    await expectConsistent(stage);
    expect(witness.verdict()).toMatchObject({ duplicates: [], losses: [] });
    await reconciler.stop();
  }, 240_000);
});
