import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "./start-error.ts";

/** Makes the data dir and the folder of its logs, readable to nobody else. */
export async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    if (((await stat(dataDir)).mode & 0o077) !== 0) await chmod(dataDir, 0o700);
    await mkdir(join(dataDir, "logs"), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw asStartError(dataDir, cause);
  }
}

/** What a person can do about a data dir in which nothing can be written. */
export function asStartError(dataDir: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ""];
  if (!reason) return cause instanceof Error ? cause : new Error(message);
  return new StartError(
    `the data directory ${dataDir} can't be written (${reason}): mend that, or set BERTH_DATA_DIR to another`,
    { cause },
  );
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "it belongs to another user",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  EDQUOT: "its disk quota is used up",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "it is a file",
  ELOOP: "its path leads in a circle",
  ENAMETOOLONG: "its path is too long",
};
