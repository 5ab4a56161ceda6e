import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a command would be found; null where it would not. */
export function findCommand(name: string): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: either way not a command
  }
}
