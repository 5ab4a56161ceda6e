import type { Sql } from "../sql.ts";

const CHUNK_BYTES = 1024 * 1024;

/** What was written is more than was allowed. The blob stays incomplete. */
export class BlobTooLargeError extends Error {
  override readonly name = "BlobTooLargeError";
}

/** A blob that can't be read to its end. */
export class BlobMissingError extends Error {
  override readonly name = "BlobMissingError";
}

/**
 * Keeps files in the database, so that whichever process needs them has them. A statement for each MiB: of any size,
 * memory stays flat, and no statement takes long. Where `chunks` breaks off, or has more than `maxBytes`
 * ({@link BlobTooLargeError}), nothing is kept. What a process leaves that ends on the way is incomplete: nobody can read
 * it, and it is pruned.
 */
export async function writeBlob(
  sql: Sql,
  { user_id }: { user_id: number },
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes }: { maxBytes: number },
): Promise<{ blob_id: string; size: number }> {
  const [blob] = await sql<{ blob_id: string }>("INSERT INTO blobs (user_id) VALUES ($1) RETURNING blob_id", [user_id]);
  if (!blob) throw new Error("no blob was inserted");
  try {
    return { ...blob, size: await writeChunks(sql, blob.blob_id, chunks, maxBytes) };
  } catch (error) {
    // The database may be what failed: then it is pruned later.
    await deleteBlob(sql, blob.blob_id).catch(() => undefined);
    throw error;
  }
}

async function writeChunks(
  sql: Sql,
  blobId: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<number> {
  let size = 0;
  let seq = 0;
  for await (const content of inEqualChunks(chunks)) {
    size += content.length;
    if (size > maxBytes) throw new BlobTooLargeError(`more than ${maxBytes} bytes`);
    await sql("INSERT INTO blob_chunks (blob_id, seq, content) VALUES ($1::uuid, $2, $3)", [blobId, seq, content]);
    seq += 1;
  }
  const complete = await sql("UPDATE blobs SET size = $2 WHERE blob_id = $1::uuid RETURNING 1", [blobId, size]);
  if (complete.length === 0) throw new BlobMissingError(`blob ${blobId} was deleted while it was written`);
  return size;
}

/** The bytes of a blob, a statement for each MiB. Throws {@link BlobMissingError} where it is incomplete, or gone. */
export async function* readBlob(sql: Sql, blobId: string): AsyncGenerator<Uint8Array, void> {
  const [blob] = await sql<{ size: bigint | string | null }>("SELECT size FROM blobs WHERE blob_id = $1::uuid", [
    blobId,
  ]);
  if (blob?.size === undefined || blob.size === null) {
    throw new BlobMissingError(`blob ${blobId} is ${blob ? "incomplete" : "gone"}`);
  }
  let left = Number(blob.size);
  for (let seq = 0; left > 0; seq += 1) {
    const [chunk] = await sql<{ content: Uint8Array }>(
      "SELECT content FROM blob_chunks WHERE blob_id = $1::uuid AND seq = $2",
      [blobId, seq],
    );
    if (!chunk) throw new BlobMissingError(`blob ${blobId} is gone`);
    left -= chunk.content.length;
    yield chunk.content;
  }
}

/** One that is gone already is no failure. */
export async function deleteBlob(sql: Sql, blobId: string): Promise<void> {
  await sql("DELETE FROM blobs WHERE blob_id = $1::uuid", [blobId]);
}

/** The same bytes in chunks of one size, the last one excepted. */
async function* inEqualChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (length + rest.length >= CHUNK_BYTES) {
      const taken = rest.subarray(0, CHUNK_BYTES - length);
      yield Buffer.concat([...waiting, taken]);
      rest = rest.subarray(taken.length);
      waiting = [];
      length = 0;
    }
    if (rest.length > 0) waiting.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(waiting);
}
