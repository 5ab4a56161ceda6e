import { readFile } from "node:fs/promises";
import { layoutOf, urlOf } from "./layout.ts";
import { findRunningPostmaster } from "./postmaster.ts";

/** The URL of the embedded PostgreSQL that runs on this data dir now, for processes started by hand beside it. */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const { cluster, password } = layoutOf(dataDir);
  const postmaster = await findRunningPostmaster(cluster);
  if (!postmaster?.ready) return null;
  return urlOf(postmaster.port, (await readFile(password, "utf8")).trim());
}
