import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const fileIn = (dataDir: string) => join(dataDir, "secret-key");

/** The key that `npm start` made in this data dir, or null. */
export async function readSecretKey(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(fileIn(dataDir), "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Makes the key on first use, and never changes it: what it has sealed would be lost. */
export async function ensureSecretKey(dataDir: string): Promise<string> {
  const existing = await readSecretKey(dataDir);
  if (existing !== null) return existing;
  // Written aside and linked, so that a crash leaves either a whole key or none.
  const key = randomBytes(32).toString("base64url");
  const aside = `${fileIn(dataDir)}.new`;
  await writeFile(aside, `${key}\n`, { mode: 0o600, flush: true });
  await link(aside, fileIn(dataDir));
  await rm(aside);
  return key;
}
