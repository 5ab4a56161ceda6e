import { setTimeout as delay } from "node:timers/promises";
import { BerthClientError } from "@berth/api/client.ts";
import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { CommandError } from "../fleet/run-command.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { seededRandom } from "../simulated/seeded-random.ts";
import { expectConsistent } from "./consistency.ts";
import { fingerprint, listOurs, runForeign } from "./on-engine.ts";
import { Stage } from "./stage.ts";

const ENGINES = (["20.10", "28.5"] as const)
  .filter((generation) => sharedFleet()?.engines.some((engine) => engine.generation === generation))
  .map((generation) => ({ name: `random-${generation.replace(".", "-")}`, generation }));
const KILLS = 16;
const AT_MOST_MS = 30_000;
const CONTAINERS_AT_MOST = 6;

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
    const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];
    const { container: api } = stage.api.admin;
    const foreign = await Promise.all(
      stage.machines.map(async ({ engine }) => {
        const id = await runForeign(engine);
        return { engine, id, was: await fingerprint(engine, id) };
      }),
    );
    let made = 0;

    /** One thing that an owner may ask for. What can't be had just now is refused, and that is all right. */
    async function ask(): Promise<void> {
      const living = (await api.list.query({})).items.filter(({ desired }) => desired !== "removed");
      const one = pick(living);
      const machine = pick(stage.machines);
      if (!machine) throw new Error("no machines");
      if (!one || (living.length < CONTAINERS_AT_MOST && random() < 0.4)) {
        const ports = [{ name: "web", kind: "http", container_port: 80 } as const];
        await stage.create(`random-${(made += 1)}`, machine, { ports });
        return;
      }
      const { container_id, name } = one;
      const asks: (() => Promise<Container>)[] = [
        () => api.stop.mutate({ container_id }),
        () => api.start.mutate({ container_id }),
        () => api.update.mutate({ container_id, memory: 32 + Math.floor(random() * 32) }),
        () => api.update.mutate({ container_id, name: `${name.slice(0, 20)}-r` }),
        () => api.update.mutate({ container_id, env: { N: String(random()) }, recreate: "preserve" }),
        () => api.update.mutate({ container_id, env: { N: String(random()) }, recreate: "discard" }),
        () => api.delete.mutate({ container_id }),
      ];
      await pick(asks)?.();
    }

    /** One thing that a person does on an engine behind Berth's back. */
    async function meddle(): Promise<void> {
      const machine = pick(stage.machines);
      const one = machine && pick((await listOurs(machine.engine)).filter(({ name }) => !/-old-\d+$/.test(name)));
      if (one) await machine.engine.docker(...(pick([["kill"], ["pause"], ["rm", "-f"]]) ?? []), one.id);
    }

    const isRefusal = (error: unknown): boolean =>
      error instanceof BerthClientError && ["CONFLICT", "NOT_FOUND", "BAD_REQUEST"].includes(error.code ?? "");
    const startedAt = performance.now();
    let kills = 0;
    let asked = 0;
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        await ask().catch((error: unknown) => {
          if (!isRefusal(error)) throw error;
        });
        asked += 1;
        if (random() < 0.15) {
          await meddle().catch((error: unknown) => {
            // What is gone by now, or does not run, can't be killed or paused.
            if (!(error instanceof CommandError)) throw error;
          });
        }
        await delay(random() * 150);
      }
    })();
    while (kills < KILLS && performance.now() - startedAt < AT_MOST_MS) {
      const reconciler = await stage.startReconciler();
      await delay(random() * 1_500);
      reconciler.kill("SIGKILL");
      expect(await reconciler.exited).toBe("SIGKILL");
      kills += 1;
    }
    isOver = true;
    await asking;
    console.log(`${kills} kills in ${Math.round(performance.now() - startedAt)} ms, ${asked} things asked for`);

    const reconciler = await stage.startReconciler();
    const quietAt = performance.now();
    const isAsAsked = ({ desired, phase, generation, observed_generation: seen, conditions }: Container): boolean =>
      seen === generation &&
      // Taken away by hand before it could be kept: only its owner can go on from there.
      (phase === (desired === "running" ? "Running" : "Stopped") ||
        conditions.some(({ type }) => type === "ImageLost"));
    const areAllAsAsked = async (): Promise<boolean> => (await api.list.query({})).items.every(isAsAsked);
    await expectConsistent(stage, 60_000);
    await stage.until("all to be as asked for", areAllAsAsked, 60_000);
    console.log(`converged ${Math.round(performance.now() - quietAt)} ms after the last start`);
    await expectConsistent(stage);
    for (const { engine, id, was } of foreign) expect(await fingerprint(engine, id)).toBe(was);

    for (const { container_id } of (await api.list.query({})).items) await api.delete.mutate({ container_id });
    await stage.until("all to be gone", async () => (await api.list.query({})).items.length === 0, 60_000);
    for (const { engine } of stage.machines) expect(await listOurs(engine)).toEqual([]);
    await expectConsistent(stage);
    await reconciler.stop();
  }, 240_000);
});
