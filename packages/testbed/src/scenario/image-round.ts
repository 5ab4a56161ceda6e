import { randomBytes } from "node:crypto";
import type { Scene } from "./scene.ts";
import { WatchedImage } from "./watched-image.ts";

/**
 * What people do all day: makes a container on `from`, writes in it, saves it, starts another from that on `to`, and
 * deletes everything. Throws where what was written is not what is there.
 */
export async function playImageRound(from: Scene, to: Scene, kibibytes: number): Promise<void> {
  const container = await from.run();
  const written = await container.shell(`dd if=/dev/urandom of=/kept bs=1024 count=${kibibytes} 2> /dev/null; ${SUM}`);
  const name = `round-${randomBytes(4).toString("hex")}:1`;
  const image = new WatchedImage(
    container.owner,
    await container.owner.container.save.mutate({ ...container.ref, name }),
  );
  await image.reaches("Ready");
  const copy = await to.run({ image_id: image.image_id });
  const found = await copy.shell(SUM);
  if (found !== written) throw new Error(`${written} was saved, ${found} is in what was started from it`);
  for (const used of [copy, container]) {
    await used.owner.container.delete.mutate(used.ref);
    await used.isGone();
  }
  await image.reader.image.remove.mutate(image.ref);
  await image.isGone();
}

const SUM = "sha256sum /kept";
