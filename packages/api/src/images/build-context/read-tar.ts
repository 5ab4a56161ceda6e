import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { UploadedFile } from "@berth/spec/image.ts";
import { extract, type Header } from "tar-stream";
import { type ArchiveEntry, type ContextLimits, largeContext } from "./entry.ts";

/** Of each entry: its header, the headers of a long name, and what its last block is filled up with. */
const BYTES_BESIDE_CONTENT = 2_048;

const KINDS: Partial<Record<NonNullable<Header["type"]>, ArchiveEntry["kind"]>> = {
  file: "file",
  "contiguous-file": "file",
  directory: "directory",
  symlink: "symlink",
  link: "link",
};

/** Entries of a tar, in their order. Throws where it is none, or breaks off. */
export async function* readTar(
  file: UploadedFile,
  { isGzipped, limits }: { isGzipped: boolean; limits: ContextLimits },
): AsyncGenerator<ArchiveEntry, void> {
  const entries = extract();
  const source = Readable.from(file.read(), { objectMode: false });
  const cap = capBytes(limits);
  // Its failure is thrown by the entries, which it ends with.
  const flow = isGzipped ? pipeline(source, createGunzip(), cap, entries) : pipeline(source, cap, entries);
  flow.catch(() => undefined);
  try {
    for await (const content of entries) {
      const { header } = content;
      yield {
        name: header.name,
        kind: isSparse(header) ? null : (KINDS[header.type ?? "file"] ?? null),
        what: isSparse(header) ? "stored with holes" : nameOfKind(header.type),
        target: header.linkname ?? "",
        mode: (header.mode ?? 0o644) & 0o7777,
        mtime: header.mtime ?? new Date(0),
        size: header.type === "directory" ? 0 : (header.size ?? 0),
        read: () => content as AsyncIterable<Uint8Array>,
      };
      content.resume();
    }
  } finally {
    entries.destroy();
    source.destroy();
  }
}

/** However well it was compressed: what does not count as content is unpacked, too. */
function capBytes({ unpackedBytes, entries }: ContextLimits): Transform {
  let left = unpackedBytes + entries * BYTES_BESIDE_CONTENT;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left >= 0) done(null, chunk);
      else done(largeContext(`unpacked it is larger than ${unpackedBytes / 1024 / 1024} MiB.`));
    },
  });
}

const isSparse = ({ pax }: Header): boolean => Object.keys(pax ?? {}).some((name) => name.startsWith("GNU.sparse."));

const nameOfKind = (type: Header["type"]): string =>
  type ? `a ${type.replaceAll("-", " ")}` : "of a kind that only its own program knows";
