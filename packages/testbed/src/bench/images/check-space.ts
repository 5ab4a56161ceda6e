import { statfsSync } from "node:fs";

/** A container's layer, its image, the registry's copy, an upload of it, and what is pulled, by the other and by hand. */
const COPIES = 10;
const RESERVE_MB = 2_048;

/** Throws where a round with layers of this size could fill the disk under `folder`. */
export function checkSpace(folder: string, megabytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  const needed = COPIES * megabytes + RESERVE_MB;
  if (free < needed)
    throw new Error(`${folder} has ${free} MB left, and a round needs ${needed}: set BERTH_BENCH_IMAGE_MB`);
}
