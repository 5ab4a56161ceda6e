import { randomBytes } from "node:crypto";
import { followSteps } from "../../bench/images/follow-steps.ts";
import type { Scene } from "../../scenario/scene.ts";
import { takeStock } from "../../scenario/stock.ts";
import { WatchedImage } from "../../scenario/watched-image.ts";
import { type ImageStage, recordRegistryAt } from "./image-stage.ts";
import { startSlowNetwork } from "./slow-network.ts";
import { whatIsLeft } from "./what-is-left.ts";

const SECONDS = Number(process.env["BERTH_SOAK_SLOW_SECONDS"] ?? 210);
const MEGABYTES = 40;
const PATIENCE_MS = SECONDS * 3_000;

interface SlowTransfer {
  image: WatchedImage;
  pushSeconds: number;
  pushSteps: number;
  pullSeconds: number;
  pullSteps: number;
}

/**
 * A push and a pull of every engine, all at once, over a network that makes each last `SECONDS`. Answers what was wrong, a
 * line each.
 */
export async function moveSlowly(stage: ImageStage): Promise<string[]> {
  const { berth, scenes, registry, host } = stage;
  const before = await takeStock(berth, scenes);
  const bytesPerSecond = (MEGABYTES * 2 ** 20) / SECONDS;
  const network = await startSlowNetwork({ host, target: registry.address, bytesPerSecond });
  await recordRegistryAt(stage, network.address);
  try {
    const moves = scenes.map((from, index) => move(from, scenes[(index + 1) % scenes.length] ?? from));
    const faults = (await Promise.allSettled(moves)).flatMap((moved, index) => {
      const name = scenes[index]?.engine.name;
      if (moved.status === "rejected") return [`${name}: ${String(moved.reason)}`];
      const { pushSeconds, pushSteps, pullSeconds, pullSteps } = moved.value;
      console.log(
        `${name}: a push of ${pushSeconds.toFixed(0)} s told in ${pushSteps} steps, ` +
          `and a pull of it on the next machine of ${pullSeconds.toFixed(0)} s in ${pullSteps}`,
      );
      const isSlow = Math.min(pushSeconds, pullSeconds) > SECONDS * 0.9;
      return [
        ...(isSlow ? [] : [`${name}: its transfers were not slow`]),
        ...(Math.min(pushSteps, pullSteps) >= 5 ? [] : [`${name}: its progress was not told`]),
      ];
    });
    await berth.deleteContainers();
    for (const moved of await Promise.allSettled(moves)) {
      if (moved.status === "rejected") continue;
      await berth.admin.image.remove.mutate(moved.value.image.ref);
      await moved.value.image.isGone();
    }
    return [...faults, ...(await whatIsLeft(stage, before))];
  } finally {
    await network.close();
  }
}

async function move(from: Scene, to: Scene): Promise<SlowTransfer> {
  const container = await from.run();
  await container.shell(`dd if=/dev/urandom of=/kept bs=1048576 count=${MEGABYTES} 2> /dev/null`);
  const name = `slow-${randomBytes(4).toString("hex")}:1`;
  const saved = await container.owner.container.save.mutate({ ...container.ref, name });
  const image = new WatchedImage(container.owner, saved);
  await image.reaches("Pushing");
  const pushedAt = performance.now();
  const pushSteps = await followSteps(async () => {
    const { phase, progress } = await image.see();
    return { bytes: phase === "Pushing" ? progress : null, isOver: phase === "Ready" };
  }, PATIENCE_MS);
  const pushSeconds = (performance.now() - pushedAt) / 1_000;

  const pulledAt = performance.now();
  const copy = await to.create({ image_id: image.image_id });
  const pullSteps = await followSteps(async () => {
    const place = (await image.see()).machines.find(({ machine_id }) => machine_id === to.machine_id);
    return { bytes: place?.state === "pulling" ? place.progress : null, isOver: place?.state === "present" };
  }, PATIENCE_MS);
  const pullSeconds = (performance.now() - pulledAt) / 1_000;
  await copy.reaches("Running");
  return { image, pushSeconds, pushSteps, pullSeconds, pullSteps };
}
