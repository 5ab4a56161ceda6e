import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { extract, type Header, pack } from "tar-stream";
import yazl from "yazl";
import { keepUpload, type KeptUpload } from "../../../kept-upload.ts";

/** Of an archive: a text is a file's content. */
export type Given = string | Buffer | (Partial<Header> & { content?: string | Buffer });

/** As they are written, duplicates and names that no program would write among them. */
export async function tarOf(entries: [name: string, given: Given][]): Promise<Buffer> {
  const tar = pack();
  for (const [name, given] of entries) {
    const { content = "", ...header } =
      typeof given === "string" || Buffer.isBuffer(given) ? { content: given } : given;
    const mtime = new Date("2026-01-02T03:04:05Z");
    if (header.type !== undefined && header.type !== "file") tar.entry({ name, mtime, ...header });
    else tar.entry({ name, mtime, mode: 0o644, ...header }, content);
  }
  tar.finalize();
  return buffer(tar as AsyncIterable<Uint8Array>);
}

export const tarGzOf = async (entries: [name: string, given: Given][]): Promise<Buffer> =>
  gzipSync(await tarOf(entries));

/** As zip makes it on Unix: `mode` has the kind of file in it. */
export async function zipOf(entries: [name: string, content: string | Buffer, mode?: number][]): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content, mode = 0o100644] of entries) {
    const mtime = new Date("2026-01-02T03:04:06Z");
    if (name.endsWith("/")) zip.addEmptyDirectory(name, { mtime, mode: 0o040755 });
    else zip.addBuffer(Buffer.from(content), name, { mtime, mode, forceDosTimestamp: false });
  }
  zip.end();
  return buffer(zip.outputStream);
}

/** On disk, as a server has it. */
export const uploadOf = (bytes: Buffer): Promise<KeptUpload> =>
  keepUpload(
    (async function* () {
      // Pieces that fit no block of an archive.
      for (let at = 0; at < bytes.length; at += 10_007) yield await Promise.resolve(bytes.subarray(at, at + 10_007));
    })(),
    1024 * 1024 * 1024,
  );

/** What a tar has in it, by name; a folder's content is null. */
export async function unpack(tar: AsyncIterable<Uint8Array>): Promise<[Header, string | null][]> {
  const entries = extract();
  const bytes = await buffer(tar);
  const found: [Header, string | null][] = [];
  entries.end(bytes);
  for await (const entry of entries) {
    const content = (await buffer(entry as AsyncIterable<Uint8Array>)).toString();
    found.push([entry.header, entry.header.type === "file" ? content : null]);
  }
  return found;
}
