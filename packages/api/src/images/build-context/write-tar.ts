import { once } from "node:events";
import { pack, type Pack } from "tar-stream";
import { interruptible } from "../../interruptible.ts";
import type { ContextEntry } from "./entry.ts";

/** What the eleven octal digits of a header hold. */
const MAX_SECONDS = 8 ** 11 - 1;

/**
 * A tar of these entries, as fast as it is read: the same bytes for the same entries, whoever owned them. Their content is
 * read in their order.
 */
export async function* writeTar(entries: AsyncIterable<ContextEntry>): AsyncGenerator<Uint8Array, void> {
  const tar = pack();
  const writing = writeAll(tar, entries).catch((error: Error) => tar.destroy(error));
  try {
    yield* tar as AsyncIterable<Uint8Array>;
  } finally {
    tar.destroy();
    await writing;
  }
}

async function writeAll(tar: Pack, entries: AsyncIterable<ContextEntry>): Promise<void> {
  for await (const entry of entries) await writeEntry(tar, entry);
  tar.finalize();
}

async function writeEntry(tar: Pack, { path, kind, target, mode, mtime, size, read }: ContextEntry): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  // Also where the tar is destroyed before anybody waits for it.
  promise.catch(() => undefined);
  const header = {
    name: path,
    type: kind,
    mode,
    mtime: new Date(1_000 * Math.max(0, Math.min(MAX_SECONDS, Math.floor(mtime.getTime() / 1_000) || 0))),
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    ...(kind === "file" ? { size } : { linkname: target, size: 0 }),
  };
  const sink = tar.entry(header, (error) => (error ? reject(error) : resolve(undefined)));
  // It is told by the promise, or by the tar that it ends with.
  sink.on("error", () => undefined);
  if (kind === "file") {
    const orEnded = interruptible(promise);
    for await (const chunk of read()) {
      if (sink.destroyed) break;
      if (!sink.write(chunk)) await orEnded(once(sink, "drain"));
    }
    sink.end(null);
  }
  await promise;
}
