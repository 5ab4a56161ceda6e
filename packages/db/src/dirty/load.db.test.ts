import { insertContainer, insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, test } from "vitest";
import { countDirty, loadDirty, sweepDirty } from "./load.ts";

const database = useTestDatabase();
beforeEach(async () => {
  await database.sql("DELETE FROM dirty");
});

const place = (container_id: number, machineId: string) =>
  database.sql("INSERT INTO placements (container_id, machine_id) VALUES ($1, $2)", [container_id, machineId]);
const age = (interval: string) => database.sql("UPDATE dirty SET marked_at = now() - $1::interval", [interval]);
const ids = async (): Promise<string[]> => (await loadDirty(database.sql, 100)).map(({ id }) => id);

test("names what waits longest first, and no more than was asked for", async () => {
  const { sql } = database;
  for (const id of ["new", "older", "oldest"]) await insertMachine(sql, id);
  await sql("UPDATE dirty SET marked_at = now() - interval '1 hour' WHERE id = 'oldest'");
  await sql("UPDATE dirty SET marked_at = now() - interval '1 minute' WHERE id = 'older'");
  expect(await loadDirty(sql, 2)).toEqual([
    { noun: "machine", id: "oldest" },
    { noun: "machine", id: "older" },
  ]);
});

test("forgets rows whose object is gone", async () => {
  const { sql } = database;
  const image_id = await insertImage(sql);
  const { uid, container_id } = await insertContainer(sql, { image_id });
  await insertMachine(sql, "there");
  await place(container_id, "there");
  for (const noun of ["container", "machine", "image"]) await sql("SELECT mark_dirty($1, 'gone', 1)", [noun]);
  await sweepDirty(sql);
  expect((await ids()).toSorted()).toEqual([String(image_id), uid, "there"].toSorted());
});

test("forgets a container that was observed, after every reconciler has had time to look", async () => {
  const { sql } = database;
  const { uid, container_id } = await insertContainer(sql);
  await place(container_id, "there");
  await sql("DELETE FROM dirty WHERE noun = 'image'");
  await age("2 minutes");
  await sweepDirty(sql);
  expect(await ids()).toEqual([uid]);

  await sql("UPDATE container_status SET observed_generation = 1 WHERE container_id = $1", [container_id]);
  await age("30 seconds");
  await sweepDirty(sql);
  expect(await ids()).toEqual([uid]);
  await age("2 minutes");
  await sweepDirty(sql);
  expect(await ids()).toEqual([]);
});

// In a quarter of a second; row by row it would take minutes.
test("forgets what was observed of twenty thousand that were made at once", async () => {
  const { sql } = database;
  const { container_id } = await insertContainer(sql);
  await sql(
    `INSERT INTO containers SELECT copy.* FROM containers c, generate_series(1, 20000) g,
       jsonb_populate_record(c, jsonb_build_object(
         'container_id', nextval(pg_get_serial_sequence('containers', 'container_id')),
         'uid', gen_random_uuid(), 'name', 'copy-' || g)) copy
     WHERE c.container_id = $1`,
    [container_id],
  );
  await sql(
    `INSERT INTO container_status (container_id, observed_generation)
     SELECT container_id, container_id % 2 FROM containers WHERE container_id > $1`,
    [container_id],
  );
  await age("2 minutes");
  await sweepDirty(sql);
  const [left] = await sql("SELECT count(*)::int AS count FROM dirty WHERE noun = 'container'");
  expect(left).toEqual({ count: 10_001 });
});

test("names a container that is on no machine only where it is to be removed", async () => {
  const { sql } = database;
  const waiting = await insertContainer(sql);
  const removed = await insertContainer(sql, { desired: "removed" });
  await sql("DELETE FROM dirty WHERE noun = 'image'");
  expect(await ids()).toEqual([removed.uid]);
  expect(await countDirty(database.sql)).toMatchObject([{ noun: "container", count: 1 }]);
  await place(waiting.container_id, "there");
  expect((await ids()).toSorted()).toEqual([removed.uid, waiting.uid].toSorted());
  expect(await countDirty(database.sql)).toMatchObject([{ noun: "container", count: 2 }]);
});

test("forgets a machine that was decommissioned, after every reconciler has had time to let go of it", async () => {
  const { sql } = database;
  for (const id of ["active", "retired"]) await insertMachine(sql, id);
  await sql("UPDATE machines SET state = 'decommissioned' WHERE machine_id = 'retired'");
  await age("30 seconds");
  await sweepDirty(sql);
  expect((await ids()).toSorted()).toEqual(["active", "retired"]);
  await age("2 minutes");
  await sweepDirty(sql);
  expect(await ids()).toEqual(["active"]);
});
