import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { UploadedFile } from "@berth/spec/image.ts";
import yauzl from "yauzl";
import { type ArchiveEntry, badContext, type ContextLimits, largeContext } from "./entry.ts";

/** Of `versionMadeBy`: its programs keep permission bits and links in the upper half of the attributes. */
const MADE_ON_UNIX = 3;
const FILE_TYPE = 0o170000;
const KINDS: Record<number, ArchiveEntry["kind"]> = {
  0: "file",
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
};
const LINK_BYTES = 4_096;

/** A zip names its entries at its end: read from wherever it says. */
class Reader extends yauzl.RandomAccessReader {
  readonly #file: UploadedFile;

  constructor(file: UploadedFile) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#file.read(start, end), { objectMode: false });
  }
}

/** Entries of a zip, in the order of its list. Throws where it is none, or its content is not as it says. */
export async function* readZip(
  file: UploadedFile,
  { limits }: { limits: ContextLimits },
): AsyncGenerator<ArchiveEntry, void> {
  const zip = await yauzl.fromRandomAccessReaderPromise(new Reader(file), file.size, {
    autoClose: false,
    // It would refuse names by itself, in its own words.
    decodeStrings: false,
  });
  try {
    if (zip.entryCount > limits.entries) throw largeContext(`it has more than ${limits.entries} entries.`);
    for await (const entry of zip.eachEntry()) yield await toEntry(zip, entry);
  } finally {
    zip.close();
  }
}

async function toEntry(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<ArchiveEntry> {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
  const name = yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false);
  if (!entry.canDecodeFileData()) {
    throw badContext(`${JSON.stringify(name)} is encrypted, or compressed in an unusual way.`, { entry: name });
  }
  const attributes = entry.versionMadeBy >>> 8 === MADE_ON_UNIX ? entry.externalFileAttributes >>> 16 : 0;
  const kind = name.endsWith("/") ? "directory" : (KINDS[attributes & FILE_TYPE] ?? null);
  async function* read(): AsyncGenerator<Uint8Array, void> {
    yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>;
  }
  return {
    name,
    kind,
    what: "a device, a pipe or a socket",
    target: kind === "symlink" ? await readTarget(name, entry.uncompressedSize, read()) : "",
    // Where permissions are not known everything may be run, as docker build has it on Windows.
    mode: attributes === 0 ? 0o755 : attributes & 0o7777,
    // The clock of its maker is not known either.
    mtime: entry.getLastModDate({ timezone: "UTC" }),
    size: kind === "file" ? entry.uncompressedSize : 0,
    read,
  };
}

async function readTarget(name: string, size: number, content: AsyncIterable<Uint8Array>): Promise<string> {
  if (size > LINK_BYTES) throw badContext(`${JSON.stringify(name)} is a link with too long a target.`, { entry: name });
  return (await buffer(content)).toString("utf8");
}
