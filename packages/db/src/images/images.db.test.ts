import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { insertImage } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { recordCommitted } from "./record-committed.ts";
import { settleImages } from "./settle.ts";

const database = useTestDatabase();

const imageOf = async (imageId: number) =>
  (
    await database.sql<{ phase: string; version: number; observed_generation: number; dirty: boolean }>(
      `SELECT phase, version, observed_generation,
              EXISTS (SELECT 1 FROM dirty WHERE noun = 'image' AND id = image_id::text) AS dirty
       FROM image_status WHERE image_id = $1`,
      [imageId],
    )
  )[0]!;

test("settles what Berth neither builds nor keeps, and what a commit makes, at its newest generation", async () => {
  const { sql } = database;
  const external = await insertImage(sql, { source: "external" });
  const commit = await insertImage(sql, { source: "commit", phase: "Committing" });
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [external]);
  await settleImages(sql);
  expect(await imageOf(external)).toMatchObject({ observed_generation: 2, dirty: false, version: 1 });
  expect(await imageOf(commit)).toMatchObject({ observed_generation: 1, dirty: false, phase: "Committing" });
  await settleImages(sql);
  expect(await imageOf(external)).toMatchObject({ version: 1 });
});

test("leaves images to their operations that have one", async () => {
  const build = await insertImage(database.sql, { source: "build", phase: "Waiting" });
  await settleImages(database.sql);
  expect(await imageOf(build)).toMatchObject({ observed_generation: 0, dirty: true, version: 0 });
});

test("records a commit once, by the holder of the machine's shard", async () => {
  const { sql } = database;
  const fence = await holdShard(sql, 3);
  const image = await insertImage(sql, { source: "commit", phase: "Committing" });
  await recordCommitted(sql, { ...fence, epoch: fence.epoch - 1n }, image);
  expect(await imageOf(image)).toMatchObject({ phase: "Committing", version: 0 });
  await recordCommitted(sql, fence, image);
  await recordCommitted(sql, fence, image);
  expect(await imageOf(image)).toMatchObject({ phase: "Ready", version: 1 });
});

test("records no commit of an image that nobody wants any more", async () => {
  const { sql } = database;
  const fence = await holdShard(sql, 3);
  const image = await insertImage(sql, { source: "commit", phase: "Waiting" });
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [image]);
  expect(await recordCommitted(sql, fence, image)).toBe(false);
  expect(await imageOf(image)).toMatchObject({ phase: "Waiting", version: 0 });
});
