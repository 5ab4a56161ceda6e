import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { WatchedContainer } from "../scenario/watched-container.ts";
import { describeOnEngines } from "../scenario/on-engines.ts";
import { recordRegistry } from "../scenario/record-registry.ts";
import type { Scene } from "../scenario/scene.ts";
import { WatchedImage } from "../scenario/watched-image.ts";
import { relayRegistry, type RegistryRelay } from "../registry/registry-relay.ts";

/** What a pull that failed waits before the next, and then some. */
const RETRIED_MS = 45_000;
const CLEARED_WITHIN_MS = 90_000;

/** An image on the registry with a layer that this engine has never seen, and a way to that registry for all to come. */
async function publish(scene: Scene, scenes: Scene[]): Promise<{ image: WatchedImage; relay: RegistryRelay }> {
  const { berth, engine } = scene;
  const elsewhere = scenes.find((other) => other !== scene) ?? scene;
  const relay = await relayRegistry(engine.registry);
  await recordRegistry(berth, { address: engine.registry });
  const maker = await elsewhere.run();
  await maker.shell("dd if=/dev/urandom of=/content bs=1M count=3 2>/dev/null");
  const saved = await maker.owner.container.save.mutate({
    ...maker.ref,
    name: `f-${randomBytes(4).toString("hex")}:1`,
  });
  const image = new WatchedImage(maker.owner, saved);
  await image.reaches("Ready");
  onTestFinished(async () => {
    await berth.deleteContainers();
    await image.reader.image.remove.mutate(image.ref);
    await image.isGone();
  }, CLEARED_WITHIN_MS);
  await recordRegistry(berth, { address: relay.address });
  return { image, relay };
}

const untilFailed = (container: WatchedContainer, reason: string) =>
  container.until(`ImagePulled to be false for ${reason}`, ({ conditions }) =>
    conditions.some((condition) => condition.type === "ImagePulled" && condition.reason === reason),
  );

const blobsRead = ({ requests }: RegistryRelay): string[] => requests.filter((line) => /^GET .*\/blobs\//.test(line));

describeOnEngines(["real"], (scene, scenes) => {
  test("a registry that refuses the machine is told as such, and asked again when anything about it changes", async () => {
    const { image, relay } = await publish(scene(), scenes());
    relay.faults.status = 401;
    const container = await scene().create({ image_id: image.image_id });
    await untilFailed(container, "RegistryAuth");
    relay.faults.status = null;
    await recordRegistry(scene().berth, { address: relay.address });
    expect(await container.reaches("Running")).toMatchObject({ conditions: [] });
  });

  test(
    "a registry that fails is asked again, once for all who wait, and nobody is left behind",
    { timeout: 120_000 },
    async () => {
      const { image, relay } = await publish(scene(), scenes());
      relay.faults.status = 500;
      const waiting = await Promise.all([1, 2, 3].map(() => scene().create({ image_id: image.image_id })));
      for (const container of waiting) await untilFailed(container, "PullFailed");
      relay.requests.length = 0;
      relay.faults.status = null;
      for (const container of waiting) await container.reaches("Running", RETRIED_MS);
      const blobs = blobsRead(relay);
      expect(blobs.length).toBeGreaterThan(0);
      expect(blobs.length).toBe(new Set(blobs).size);
    },
  );

  test("a layer that arrives corrupt makes no container, and is pulled anew", { timeout: 120_000 }, async () => {
    const { image, relay } = await publish(scene(), scenes());
    relay.faults.corrupts = true;
    const container = await scene().create({ image_id: image.image_id });
    await untilFailed(container, "PullFailed");
    expect(await container.allOnEngine()).toEqual([]);
    relay.faults.corrupts = false;
    await container.reaches("Running", RETRIED_MS);
  });

  test("what the registry has lost is told of the container and of the image", async () => {
    const { image } = await publish(scene(), scenes());
    const { name, digest } = await image.see();
    const repository = name.split(":")[0] ?? "";
    await fetch(`http://${scene().engine.registry}/v2/${repository}/manifests/${digest}`, { method: "DELETE" });
    const container = await scene().create({ image_id: image.image_id });
    await untilFailed(container, "ImageNotFound");
    await scene().berth.query("SELECT mark_dirty('image', $1::text, generation) FROM images WHERE image_id = $1::int", [
      image.image_id,
    ]);
    await image.until("the loss to be told", ({ conditions }) => conditions.some(({ type }) => type === "ContentLost"));
  });

  test("a machine that does not reach the registry says so, and says when it does again", async () => {
    const { berth, engine, machine_id } = scene();
    const reachOf = async () => {
      const { conditions } = await berth.admin.machine.get.query({ machine_id });
      return conditions.find(({ type }) => type === "RegistryReachable");
    };
    await recordRegistry(berth, { address: `${engine.registry.split(":")[0]}:1` });
    await expect.poll(reachOf, { timeout: 30_000 }).toMatchObject({ status: "false", reason: "NoWay" });
    await recordRegistry(berth, { address: engine.registry });
    await expect.poll(reachOf, { timeout: 30_000 }).toMatchObject({ status: "true" });
  });
});
