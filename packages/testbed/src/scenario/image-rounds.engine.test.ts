import { afterAll, beforeAll, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { FleetRegistry, type RegistryContent } from "../fleet/registry.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import type { Berth } from "./berth.ts";
import { playImageRound } from "./image-round.ts";
import { describeOnEngines } from "./on-engines.ts";
import { recordRegistry } from "./record-registry.ts";
import { type Stock, takeStock, weighRegistry } from "./stock.ts";

const ROUNDS = 3;

describeOnEngines(["real"], (scene, scenes) => {
  let registry: FleetRegistry;
  let berth: Berth;
  let before: Stock;
  let weight: RegistryContent;
  beforeAll(async () => {
    ({ berth } = scene());
    registry = await FleetRegistry.start(sharedFleet()!.directory, { name: `rounds-${scene().engine.name}` });
    await recordRegistry(berth, { address: registry.address });
    // A machine that was just added has yet to be looked at.
    const isAtRest = async () => (await takeStock(berth, scenes())).rows["dirty"] === 0;
    await waitUntil("all machines to be looked at", 30_000, isAtRest);
    [before, weight] = [await takeStock(berth, scenes()), await weighRegistry(registry)];
  });
  afterAll(() => registry.kill());

  test("saving, starting from what was saved and deleting all of it leaves nothing behind", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await playImageRound(scene(), scenes()[round % scenes().length] ?? scene(), 256);
    }
    await expect.poll(() => takeStock(berth, scenes()), { timeout: 30_000 }).toEqual(before);
    expect(await weighRegistry(registry)).toMatchObject({ blob_bytes: weight.blob_bytes });
  }, 180_000);
});
