import { buffer } from "node:stream/consumers";
import { DomainError } from "@berth/spec/error-code.ts";
import type { UploadedFile } from "@berth/spec/image.ts";
import { type ArchiveEntry, badContext, type ContextEntry, type ContextLimits, largeContext } from "./entry.ts";
import { normalizeEntry } from "./normalize-entry.ts";
import { readTar } from "./read-tar.ts";
import { readZip } from "./read-zip.ts";

const STARTS: [start: string, name: string][] = [
  ["1f8b", "tar.gz"],
  ["504b0304", "zip"],
  ["504b0506", "zip"],
  ["425a68", "a bzip2 file"],
  ["fd377a585a00", "an xz file"],
  ["28b52ffd", "a zstd file"],
  ["52617221", "a rar file"],
  ["377abcaf", "a 7z file"],
];

/**
 * Entries of a tar, tar.gz or zip, whichever it is by its content, each of them safe to unpack into a folder. Refuses as
 * {@link normalizeEntry} says, with UNSUPPORTED_MEDIA_TYPE what is no archive, with UNPROCESSABLE one that is broken, and
 * with PAYLOAD_TOO_LARGE what unpacks to more than the limits: before more than that was unpacked.
 */
export async function* readEntries(file: UploadedFile, limits: ContextLimits): AsyncGenerator<ContextEntry, void> {
  let count = 0;
  let bytes = 0;
  for await (const entry of openArchive(file, await readStart(file), limits)) {
    count += 1;
    bytes += entry.size;
    if (count > limits.entries) throw largeContext(`it has more than ${limits.entries} entries.`);
    if (bytes > limits.unpackedBytes) {
      const max = `${limits.unpackedBytes / 1024 / 1024} MiB`;
      throw largeContext(`unpacked it is larger than ${max}, at ${JSON.stringify(entry.name)}.`, { entry: entry.name });
    }
    const normal = normalizeEntry(entry, limits);
    if (normal) yield normal;
  }
}

async function* openArchive(
  file: UploadedFile,
  start: string,
  limits: ContextLimits,
): AsyncGenerator<ArchiveEntry, void> {
  const [, found = "tar"] = STARTS.find(([bytes]) => start.startsWith(bytes)) ?? [];
  if (found.startsWith("a ") || found.startsWith("an ")) {
    throw new DomainError("UNSUPPORTED_MEDIA_TYPE", `context: it is ${found}: send a tar, tar.gz or zip.`);
  }
  const entries =
    found === "zip" ? readZip(file, { limits }) : readTar(file, { isGzipped: found === "tar.gz", limits });
  for await (const entry of explaining(found, entries)) {
    yield { ...entry, read: () => explaining(found, entry.read()) };
  }
}

/** The same, with what a library says of a broken archive told as a refusal. */
async function* explaining<Item>(found: string, items: AsyncIterable<Item>): AsyncGenerator<Item, void> {
  try {
    yield* items;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    const { message } = error as Error;
    if (/Invalid tar header/.test(message) && found === "tar") {
      throw new DomainError("UNSUPPORTED_MEDIA_TYPE", "context: it is no tar, tar.gz or zip.");
    }
    throw badContext(`the ${found} is broken: ${message}.`);
  }
}

async function readStart(file: UploadedFile): Promise<string> {
  return (await buffer(file.read(0, Math.min(8, file.size)))).toString("hex");
}
