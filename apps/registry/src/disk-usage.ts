import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

const BLOCK_BYTES = 512;

/** What a folder takes up on its disk, in bytes, as `du` counts it. What disappears meanwhile is not counted. */
export async function measureDiskUsage(folder: string): Promise<number> {
  let blocks = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(unlessGone([]));
    for (const entry of entries) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      blocks += (await lstat(path).catch(unlessGone(null)))?.blocks ?? 0;
    }
  }
  return blocks * BLOCK_BYTES;
}

function unlessGone<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === "ENOENT") return value;
    throw error;
  };
}
