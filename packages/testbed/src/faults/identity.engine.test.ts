import { setTimeout as delay } from "node:timers/promises";
import { MARKER_LABEL, MARKER_VOLUME } from "@berth/spec/engine-names.ts";
import type { Container } from "@berth/spec/container.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import type { FleetEngine } from "../fleet/engine.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { expectConsistent } from "./consistency.ts";
import { actionsSince, engineTime, theOneOf } from "./on-engine.ts";
import { Stage, type StageMachine } from "./stage.ts";
import { swapDisk } from "./swap-disk.ts";

describe.skipIf(!sharedFleet())("the marker on an engine's disk", () => {
  let database: TestDatabase;
  let stage: Stage;
  let machine: StageMachine;
  let engine: FleetEngine;
  let container: Container;
  beforeAll(async () => {
    database = await createTestDatabase();
    const [generation = "20.10"] = sharedFleet()?.engines.map((provided) => provided.generation) ?? [];
    stage = await Stage.set(database.url, { engines: [{ name: "marked", generation }] });
    machine = stage.machine("marked");
    engine = machine.engine;
    await stage.startReconciler();
    container = await stage.seeRunning(await stage.create("known", machine));
  });
  afterAll(async () => {
    await stage?.strike();
    await database?.drop();
  });

  const readMarker = (): Promise<string> =>
    engine.docker("volume", "inspect", "-f", `{{index .Labels "${MARKER_LABEL}"}}`, MARKER_VOLUME);

  const seeIdentity = (status: "true" | "false", reason: string): Promise<void> =>
    stage.until(`IdentityMatches ${status}`, async () => {
      const { conditions } = await stage.api.admin.machine.get.query(machine);
      return conditions.some(
        (told) => told.type === "IdentityMatches" && told.status === status && told.reason === reason,
      );
    });

  /** Everything that a person may ask for is asked for; on the engine nothing may come of it. */
  async function expectFrozen(): Promise<void> {
    const since = engineTime();
    const asked = await stage.create(`asked-${Math.round(since * 1_000)}`, machine);
    await stage.api.admin.container.stop.mutate(container);
    await stage.api.admin.container.start.mutate({ container_id: container.container_id });
    await delay(2_000); // nothing is to happen, and only time shows that
    expect(await actionsSince(engine, since)).toEqual([]);
    expect(await engine.docker("ps", "-aq")).toBe("");
    await stage.api.admin.container.delete.mutate(asked);
  }

  test("is written again where it was removed by hand beside containers that are known", async () => {
    const marker = await readMarker();
    await engine.docker("volume", "rm", MARKER_VOLUME);
    await engine.stop();
    await engine.start();
    await stage.until("the marker to be back", async () => (await engine.docker("volume", "ls", "-q")) !== "");
    expect(await readMarker()).toBe(marker);
    await stage.seeRunning(container);
    await expectConsistent(stage);
  });

  test("freezes a machine whose disk is empty and bears none, until the disk is back", async () => {
    const was = await theOneOf(engine, container);
    await swapDisk(engine, "empty-disk");
    await seeIdentity("false", "AnotherEngine");
    await expectFrozen();
    expect(await engine.docker("volume", "ls", "-q")).toBe("");

    await swapDisk(engine, "data");
    await seeIdentity("true", "MarkerFound");
    await stage.seeRunning(container);
    expect((await theOneOf(engine, container)).id).toBe(was.id);
    await stage.until("what was deleted meanwhile to be gone", async () => {
      const { rowCount } = await stage.pool.query("SELECT 1 FROM containers WHERE desired = 'removed'");
      return rowCount === 0;
    });
    await expectConsistent(stage);
  });

  test("freezes a machine at whose address another Berth's engine answers", async () => {
    const theirs = "3f0e0b1c-8a55-4d0c-9d0e-6a3c1f2b4d5e";
    await stage.killReconcilers();
    await swapDisk(engine, "another-disk");
    await engine.docker("volume", "create", "--label", `${MARKER_LABEL}=${theirs}`, MARKER_VOLUME);
    await stage.startReconciler();
    await seeIdentity("false", "AnotherEngine");
    await expectFrozen();
    expect((await readMarker()).trim()).toBe(theirs);

    await swapDisk(engine, "data");
    await seeIdentity("true", "MarkerFound");
    await stage.seeRunning(container);
    await expectConsistent(stage);
  });
});
