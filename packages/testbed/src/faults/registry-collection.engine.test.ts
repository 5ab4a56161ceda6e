import { randomBytes } from "node:crypto";
import { pickPort } from "@berth/db/embedded/pick-port.ts";
import type { RegistryStatus } from "@berth/spec/registry.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sharedFleet } from "../fleet/shared-fleet.ts";
import { gatewayAddress } from "../fleet/network.ts";
import { waitUntil } from "../fleet/wait-until.ts";
import { type HeldWire, startHeldWire } from "../registry/held-wire.ts";
import { type KeeperProcess, startKeeperProcess } from "../scenario/keeper-process.ts";
import { describeOnEngines } from "../scenario/on-engines.ts";
import type { WatchedContainer } from "../scenario/watched-container.ts";
import { WatchedImage } from "../scenario/watched-image.ts";

const LAYER_MIB = 3;
/** A push that was turned away waits before it is tried again. */
const RETRIED_MS = 60_000;
const SUM = "sha256sum /content";

describeOnEngines(["real"], (scene, scenes) => {
  let wire: HeldWire;
  let keeper: KeeperProcess;
  beforeAll(async () => {
    const { berth } = scene();
    const listen = `${gatewayAddress(sharedFleet()!.directory.number)}:${await pickPort()}`;
    wire = await startHeldWire(listen);
    keeper = await startKeeperProcess(berth, { listen, reached: wire.address });
    await reaches("running");
  });
  afterAll(async () => {
    await keeper?.close();
    await wire?.close();
  });

  const status = (): Promise<RegistryStatus> => scene().berth.admin.registry.status.query();

  async function reaches(state: RegistryStatus["state"]): Promise<RegistryStatus> {
    let seen = await status();
    await waitUntil(`the registry to be ${state}\n${keeper.output()}`, 30_000, async () => {
      seen = await status();
      return seen.state === state && seen.address === wire.address;
    });
    return seen;
  }

  async function fill(): Promise<{ container: WatchedContainer; sum: string }> {
    const container = await scene().run();
    const sum = await container.shell(
      `dd if=/dev/urandom of=/content bs=1M count=${LAYER_MIB} 2>/dev/null; sync; ${SUM}`,
    );
    return { container, sum };
  }

  async function save({ owner, ref }: WatchedContainer): Promise<WatchedImage> {
    const name = `gc-${randomBytes(4).toString("hex")}:1`;
    return new WatchedImage(owner, await owner.container.save.mutate({ ...ref, name }));
  }

  async function remove(image: WatchedImage): Promise<void> {
    await image.reader.image.remove.mutate(image.ref);
    await image.isGone();
  }

  test(
    "garbage is collected after a push that is under way, and before one that would begin: both are whole",
    { timeout: 240_000 },
    async () => {
      const { registry } = scene().berth.admin;
      const [garbage, first, second] = [await fill(), await fill(), await fill()];
      const gone = await save(garbage.container);
      await gone.reaches("Ready");
      await remove(gone);

      wire.hold("requests", (LAYER_MIB * 1024 * 1024) / 4);
      const pushing = await save(first.container);
      await pushing.reaches("Pushing");
      await waitUntil("the push to be in the middle of a layer", 30_000, () => wire.isHolding());
      const asked = await registry.collect.mutate();
      await reaches("collecting");
      const waiting = await save(second.container);
      await waiting.until("its push to be turned away", ({ message }) => message.includes("collects garbage"));
      expect((await status()).collected?.began_at).toBe(asked.collected?.began_at); // it waits as well
      expect((await pushing.see()).phase).toBe("Pushing");

      wire.release();
      await pushing.reaches("Ready");
      await waitUntil("the collection to end", 30_000, async () => {
        const { state, collected } = await status();
        return state === "running" && collected?.began_at !== asked.collected?.began_at;
      });
      const { collected } = await status();
      expect(collected?.failure).toBeNull();
      const freed = (collected?.before_bytes ?? 0) - (collected?.after_bytes ?? 0);
      expect(freed).toBeGreaterThanOrEqual(LAYER_MIB * 1024 * 1024);
      await waiting.reaches("Ready", RETRIED_MS);

      const other = scenes().find((one) => one !== scene())!;
      for (const [image, { container, sum }] of [
        [pushing, first],
        [waiting, second],
      ] as const) {
        const copy = await other.run({ image_id: image.image_id });
        expect(await copy.shell(SUM)).toBe(sum);
        for (const one of [copy, container]) {
          await one.owner.container.delete.mutate(one.ref);
          await one.isGone();
        }
        await remove(image);
      }
      await garbage.container.owner.container.delete.mutate(garbage.container.ref);
      await garbage.container.isGone();
    },
  );
});
