import { holdShard } from "@berth/testbed/rows/hold-shard.ts";
import { insertContainer, insertImage, insertMachine, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { CreateParams } from "@berth/spec/create-params.ts";
import { findDependents } from "./delete.ts";
import { compareDigest, recordPushed } from "./record-pushed.ts";
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
  await sql("UPDATE images SET description = 'of the lab', reference = 'elsewhere/x:1' WHERE image_id = $1", [
    external,
  ]);
  await settleImages(sql);
  expect(await imageOf(external)).toMatchObject({ observed_generation: 2, dirty: false, version: 1 });
  expect(await imageOf(commit)).toMatchObject({ observed_generation: 1, dirty: false, phase: "Committing" });
  await settleImages(sql);
  expect(await imageOf(external)).toMatchObject({ version: 1 });
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [external]);
  await settleImages(sql);
  expect(await imageOf(external)).toBeUndefined();
});

test("keeps the row of an absent image that something still needs", async () => {
  const { sql } = database;
  const parent = await insertImage(sql, { source: "external" });
  const child = await insertImage(sql, { source: "external", parent_image_id: parent });
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [parent]);
  await settleImages(sql);
  expect(await imageOf(parent)).toMatchObject({ phase: "Deleted" });
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [child]);
  await settleImages(sql);
  await settleImages(sql);
  expect(await imageOf(parent)).toBeUndefined();
});

test("keeps the row of an absent image that a container was to take to another machine, and tells which one", async () => {
  const { sql } = database;
  const image = await insertImage(sql);
  const { account, user_id } = await insertUser(sql);
  const { container_id, name } = await insertContainer(sql, { user_id });
  const { machine_id } = await insertMachine(sql, "target");
  await sql("INSERT INTO moves (container_id, image_id, to_machine_id, spec) VALUES ($1, $2, $3, '{}')", [
    container_id,
    image,
    machine_id,
  ]);
  await sql("UPDATE images SET desired = 'absent' WHERE image_id = $1", [image]);
  await settleImages(sql);
  expect(await imageOf(image)).toMatchObject({ phase: "Deleted" });
  expect(await findDependents(sql, image)).toEqual([`${account}/${name}`]);
  await sql("DELETE FROM moves WHERE container_id = $1", [container_id]);
  await settleImages(sql);
  expect(await imageOf(image)).toBeUndefined();
});

test("leaves images to their operations that have one", async () => {
  const build = await insertImage(database.sql, { source: "build", phase: "Waiting", isOnRegistry: true });
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

test("records what was pushed under a name that is free, and leaves what is there as it is", async () => {
  const { sql } = database;
  const { user_id, account } = await insertUser(sql);
  const pushed = {
    name: `${account}/x:1`,
    user_id,
    create_params: CreateParams.parse({}),
    digest: "sha256:a",
    size: 5_000_000_000,
    layers: [],
  };
  const image = await recordPushed(sql, pushed);
  expect(image).not.toBeNull();
  expect(await recordPushed(sql, { ...pushed, digest: "sha256:b" })).toBeNull();
  const [status] = await sql("SELECT digest, size::text FROM image_status WHERE image_id = $1", [image]);
  expect(status).toEqual({ digest: "sha256:a", size: "5000000000" });
  await sql("UPDATE users SET deleted_at = now() WHERE user_id = $1", [user_id]);
  expect(await recordPushed(sql, { ...pushed, name: `${account}/y:1` })).toBeNull();
});

test("marks an image whose name has another content now, and no other", async () => {
  const { sql } = database;
  const image = await insertImage(sql, { name: "public/drifts:1", source: "push", digest: "sha256:a" });
  await sql("DELETE FROM dirty WHERE noun = 'image' AND id = $1", [String(image)]);
  expect(await compareDigest(sql, "public/drifts:1", "sha256:a")).toBe(true);
  expect(await imageOf(image)).toMatchObject({ dirty: false });
  expect(await compareDigest(sql, "public/drifts:1", "sha256:b")).toBe(true);
  expect(await imageOf(image)).toMatchObject({ dirty: true });
  expect(await compareDigest(sql, "public/none:1", "sha256:a")).toBe(false);
});
