import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { insertImage, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import type { Sql } from "../sql.ts";
import { BlobMissingError, BlobTooLargeError, deleteBlob, readBlob, writeBlob } from "./blob.ts";
import { pruneBlobs } from "./prune.ts";

const MIB = 1024 * 1024;
const database = useTestDatabase();

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

async function write(chunks: AsyncIterable<Uint8Array>, maxBytes = 64 * MIB) {
  return writeBlob(database.sql, await insertUser(database.sql), chunks, { maxBytes });
}

const read = (blobId: string): Promise<Buffer> => buffer(readBlob(database.sql, blobId));

const blobs = async (): Promise<{ blob_id: string; size: number | null; chunks: number }[]> =>
  database.sql(
    `SELECT blob_id, size::int, (SELECT count(*)::int FROM blob_chunks c WHERE c.blob_id = b.blob_id) AS chunks
     FROM blobs b ORDER BY created_at`,
  );

test.each([
  ["nothing", []],
  ["a byte", [1]],
  ["exactly a chunk", [MIB]],
  ["pieces that fit no chunk", [1, 700_000, 5 * MIB + 3, 0, 65_536, 2 * MIB]],
])("gives back %s as it was written", async (_what, sizes) => {
  const pieces = sizes.map((size) => randomBytes(size));
  const whole = Buffer.concat(pieces);
  const { blob_id, size } = await write(chunksOf(...pieces));
  expect(size).toBe(whole.length);
  expect((await read(blob_id)).equals(whole)).toBe(true);
  const [row] = (await blobs()).filter((blob) => blob.blob_id === blob_id);
  expect(row).toMatchObject({ size: whole.length, chunks: Math.ceil(whole.length / MIB) });
});

test("holds no more than a chunk or two in memory, however large it is", async () => {
  const held: number[] = [];
  let written = 0;
  const sql: Sql = async (text, parameters = []) => {
    const content = parameters[2];
    if (content instanceof Uint8Array) {
      held.push(content.length);
      // Nothing was taken from the source that is not on its way to the database, beside one piece.
      expect(taken - written).toBeLessThanOrEqual(MIB + 64 * 1024);
      written += content.length;
    }
    return database.sql(text, parameters);
  };
  let taken = 0;
  async function* source() {
    for (let piece = 0; piece < 400; piece += 1) {
      taken += 64 * 1024;
      yield await Promise.resolve(Buffer.alloc(64 * 1024, piece));
    }
  }
  await writeBlob(sql, await insertUser(database.sql), source(), { maxBytes: 64 * MIB });
  expect(held).toEqual(Array.from({ length: 25 }, () => MIB));
});

test("keeps nothing of what breaks off", async () => {
  const before = await blobs();
  async function* broken() {
    yield randomBytes(3 * MIB);
    await Promise.reject(new Error("the network is gone"));
  }
  await expect(write(broken())).rejects.toThrow("the network is gone");
  expect(await blobs()).toEqual(before);
});

test("leaves what nobody can read where the process ends on the way", async () => {
  let seen: string | undefined;
  let isGone = false;
  const sql: Sql = async (text, parameters = []) => {
    // As of a process that was killed: not even what clears up is said any more.
    if (isGone) throw new Error("gone");
    if (typeof parameters[1] === "number" && parameters[1] === 2) isGone = true;
    if (text.startsWith("INSERT INTO blob_chunks")) seen = String(parameters[0]);
    return database.sql(text, parameters);
  };
  const writing = writeBlob(sql, await insertUser(database.sql), chunksOf(randomBytes(4 * MIB)), {
    maxBytes: 64 * MIB,
  });
  await expect(writing).rejects.toThrow("gone");
  expect((await blobs()).at(-1)).toMatchObject({ blob_id: seen, size: null, chunks: 3 });
  await expect(read(seen ?? "")).rejects.toThrow(BlobMissingError);
});

test("stops at what is too large, and does not read the rest of it", async () => {
  const before = await blobs();
  let taken = 0;
  async function* endless() {
    for (;;) {
      taken += MIB;
      yield await Promise.resolve(Buffer.alloc(MIB));
    }
  }
  await expect(write(endless(), 4 * MIB)).rejects.toThrow(BlobTooLargeError);
  expect(taken).toBe(5 * MIB);
  expect(await blobs()).toEqual(before);
});

test("says that it is gone, before or while it is read", async () => {
  const { blob_id } = await write(chunksOf(randomBytes(3 * MIB)));
  const reading = readBlob(database.sql, blob_id);
  expect((await reading.next()).value).toHaveLength(MIB);
  await deleteBlob(database.sql, blob_id);
  await expect(reading.next()).rejects.toThrow(BlobMissingError);
  await expect(read(blob_id)).rejects.toThrow(BlobMissingError);
  expect((await blobs()).some((blob) => blob.blob_id === blob_id)).toBe(false);
  await deleteBlob(database.sql, blob_id);
});

test("prunes what nobody will build from, and nothing else", async () => {
  const { sql } = database;
  await sql("DELETE FROM blobs");
  const made = async (
    name: string,
    age: string,
    change: { isIncomplete?: boolean; desired?: string; phase?: string } = {},
  ) => {
    const { blob_id } = await write(chunksOf(Buffer.from(name)));
    await sql(
      `UPDATE blobs SET created_at = now() - $2::interval, size = CASE WHEN $3 THEN NULL ELSE size END
       WHERE blob_id = $1::uuid`,
      [blob_id, age, change.isIncomplete ?? false],
    );
    if (change.desired !== undefined) {
      const image = await insertImage(sql, { source: "build" });
      await sql(
        "UPDATE images SET desired = $2, recipe = jsonb_build_object('blob_id', $3::text) WHERE image_id = $1",
        [image, change.desired, blob_id],
      );
      await sql("UPDATE image_status SET phase = $2 WHERE image_id = $1", [image, change.phase ?? "Failed"]);
    }
    return blob_id;
  };
  const kept = [
    await made("new, of nobody yet", "23 hours"),
    await made("arriving", "59 minutes", { isIncomplete: true }),
    await made("old, of an image", "40 days", { desired: "present" }),
  ];
  await made("old, of an image that was built from it", "25 hours", { desired: "present", phase: "Ready" });
  await made("old, of nobody", "25 hours");
  await made("old, of an image that was removed", "25 hours", { desired: "absent" });
  await made("broke off", "61 minutes", { isIncomplete: true });
  expect(await pruneBlobs(sql)).toBe(4);
  expect(new Set((await blobs()).map(({ blob_id }) => blob_id))).toEqual(new Set(kept));
  expect(await pruneBlobs(sql)).toBe(0);
});

test("reads bytes that were never text", async () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const { blob_id } = await write(chunksOf(every));
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  expect(digest(await read(blob_id))).toBe(digest(every));
});
