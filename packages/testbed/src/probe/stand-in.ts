import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { createPool } from "@berth/db/pool.ts";
import { storeSystemImage } from "@berth/db/system-image/system-image.ts";
import { assembleSystemImage, type ImageFile } from "@berth/docker/system-image/assemble.ts";
import { MARKER_VOLUME, SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";
import type { FleetEngine } from "../fleet/engine.ts";

export const gpuUuid = (index: number): string => `GPU-00000000-0000-4000-8000-00000000000${index}`;

/** As `nvidia-smi --query-gpu` prints them; no test machine has one. */
export const EIGHT_GPUS: readonly string[] = Array.from({ length: 8 }, (_, index) => gpuLine(index));

/** index, uuid, name, memory.total, memory.used, utilization.gpu, temperature.gpu, power.draw, driver_version */
function gpuLine(index: number): string {
  return `${index}, ${gpuUuid(index)}, NVIDIA A100-SXM4-80GB, 81920, ${1_000 + index}, ${10 * index}, ${40 + index}, ${60 + index}.25, 550.54.15`;
}

/** Prints what the files of the marker's volume say, which is all that a probe sees of a test. */
const NVIDIA_SMI = `#!/bin/sh
folder=/berth/disk
if [ -e $folder/error ]; then cat $folder/error; exit 18; fi
case "$1" in
  --query-gpu=*) cat $folder/gpus ;;
  --query-compute-apps=*) if [ -e $folder/apps ]; then cat $folder/apps; fi ;;
esac
`;
/** Seconds since 1970, by a clock that is wrong by what a file says. */
const DATE = `#!/bin/sh
shift=0
if [ -e /berth/disk/shift ]; then shift=$(cat /berth/disk/shift); fi
echo $(($(busybox date +%s) + shift))
`;

/** Stores Berth's own image in a database, as starting Berth does, with `more` in it. */
export async function storeImage(databaseUrl: string, more: Record<string, ImageFile> = {}): Promise<string> {
  const { tar, digest } = await assembleSystemImage(more);
  const pool = createPool(databaseUrl, { max: 1, applicationName: "berth-test", onError: () => {} });
  try {
    await storeSystemImage(pool, SYSTEM_IMAGE, { recipe: "of a test", digest }, gzipSync(tar, { level: 1 }));
  } finally {
    await pool.end();
  }
  return digest;
}

/** The same with a stand-in for `nvidia-smi` and for the clock: {@link StandIn} says what they tell. */
export const storeStandIn = (databaseUrl: string): Promise<string> =>
  storeImage(databaseUrl, {
    "usr/bin/nvidia-smi": { content: Buffer.from(NVIDIA_SMI), mode: 0o755 },
    "usr/bin/date": { content: Buffer.from(DATE), mode: 0o755 },
  });

/** What the GPUs and the clock of one machine tell its probe from now on. */
export class StandIn {
  readonly #folder: string;

  constructor(engine: FleetEngine) {
    this.#folder = join(dirname(engine.log_file), "data/volumes", MARKER_VOLUME, "_data");
  }

  gpus(lines: readonly string[]): void {
    this.#write("gpus", `${lines.join("\n")}\n`);
  }

  /** `uuid, pid, MiB` */
  processes(lines: readonly string[]): void {
    this.#write("apps", lines.map((line) => `${line}\n`).join(""));
  }

  /** Null heals it. */
  error(message: string | null): void {
    if (message === null) rmSync(join(this.#folder, "error"), { force: true });
    else this.#write("error", `${message}\n`);
  }

  clock(aheadS: number): void {
    this.#write("shift", String(aheadS));
  }

  #write(name: string, content: string): void {
    writeFileSync(join(this.#folder, name), content);
  }
}
