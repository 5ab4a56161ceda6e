import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Debian's name first: `registry` may be anything. */
const NAMES = ["docker-registry", "registry"];
/** Not in every user's PATH. */
const USUAL_FOLDERS = ["/usr/local/bin", "/usr/bin", "/usr/local/sbin", "/usr/sbin"];

/** The binary of distribution 2.8 or 3.x on this machine; null where there is none. */
export async function findBinary(path: string): Promise<string | null> {
  const folders = [...new Set([...path.split(delimiter).filter((folder) => folder !== ""), ...USUAL_FOLDERS])];
  for (const file of folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))) {
    if ((await isExecutable(file)) && (await isDistribution(file))) return file;
  }
  return null;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false, // not there, or not ours to run
  );
}

async function isDistribution(file: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(file, ["--version"], { timeout: 5_000, env: {} });
    return /distribution/.test(stdout);
  } catch {
    return false; // another program of this name
  }
}
