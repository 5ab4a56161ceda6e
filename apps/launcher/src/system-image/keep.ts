import { gzipSync } from "node:zlib";
import { createPool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { findSystemImage, storeSystemImage } from "@berth/db/system-image/system-image.ts";
import { assembleSystemImage, SystemImageError, systemImageRecipe } from "@berth/docker/system-image/assemble.ts";
import { SYSTEM_IMAGE } from "@berth/spec/engine-names.ts";

/**
 * Puts Berth's own image into the database, unless the one of this release is there. Throws {@link SystemImageError}, which
 * says what to do, where it can't be made on this host.
 */
export async function keepSystemImage(databaseUrl: string, signal?: AbortSignal): Promise<"made" | "was there"> {
  const pool = createPool(databaseUrl, { max: 1, applicationName: "berth-system-image", onError: () => {} });
  try {
    const recipe = await systemImageRecipe();
    if ((await findSystemImage(pgSql(pool), SYSTEM_IMAGE))?.recipe === recipe) return "was there";
    const { tar, digest } = await assembleSystemImage({}, signal);
    await storeSystemImage(pool, SYSTEM_IMAGE, { recipe, digest }, gzipSync(tar));
    return "made";
  } finally {
    await pool.end();
  }
}

/** The same beside what else starts: machines do without it until it is there. Never throws. */
export async function keepSystemImageMeanwhile(
  databaseUrl: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  try {
    await keepSystemImage(databaseUrl, signal);
  } catch (error) {
    if (signal.aborted) return;
    const why = error instanceof Error ? error.message : String(error);
    say(error instanceof SystemImageError ? why : `Berth's own image for GPU servers could not be kept: ${why}`);
  }
}
