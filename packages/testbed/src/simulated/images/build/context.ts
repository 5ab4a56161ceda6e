import { posix } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { DockerError } from "../../docker-error.ts";
import type { Files } from "../../process/file-layer.ts";

/** The files of a tar, plain or gzipped, by their path without a leading `./`. Links and folders are left out. */
export async function readContext(body: Buffer): Promise<Files> {
  const isGzipped = body[0] === 0x1f && body[1] === 0x8b;
  const files: Files = new Map();
  try {
    const entries = Readable.from([isGzipped ? gunzipSync(body) : body]).pipe(extract());
    for await (const entry of entries) {
      const content = await buffer(entry);
      if (entry.header.type === "file") files.set(contextPath(entry.header.name), content);
    }
  } catch {
    throw new DockerError(500, "archive/tar: invalid tar header");
  }
  return files;
}

export function contextPath(path: string): string {
  return posix.relative("/", posix.resolve("/", path));
}

/**
 * What a COPY puts where: sources are files, folders or names with `*` below `root`, the target is absolute and ends in
 * "/" where it is a folder in any case. Null names the source that is not there.
 */
export function copyFiles(
  from: Files,
  root: string,
  sources: string[],
  target: string,
): { files: Files } | { missing: string } {
  const copied: Files = new Map();
  for (const source of sources) {
    const path = posix.resolve("/", source);
    const inFolder = target.endsWith("/") || sources.length > 1;
    let isFound = false;
    for (const [key, content] of from) {
      const full = posix.resolve("/", posix.join(root, key));
      const place = placeOf(full, path, target, inFolder);
      if (place === null) continue;
      copied.set(place, content);
      isFound = true;
    }
    if (!isFound && path !== "/") return { missing: source };
  }
  return { files: copied };
}

function placeOf(file: string, source: string, target: string, inFolder: boolean): string | null {
  if (file === source) return inFolder ? posix.join(target, posix.basename(file)) : target;
  const prefix = source === "/" ? "/" : `${source}/`;
  if (file.startsWith(prefix)) return posix.join(target, file.slice(prefix.length));
  if (!source.includes("*")) return null;
  const pattern = new RegExp(`^${source.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}$`);
  return pattern.test(file) ? posix.join(target, posix.basename(file)) : null;
}
