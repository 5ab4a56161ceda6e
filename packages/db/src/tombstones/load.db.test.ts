import { randomUUID } from "node:crypto";
import { insertContainer } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { loadTombstones } from "./load.ts";

const database = useTestDatabase();

async function bury(uid: string, { machine = "gpu1", noun = "container" } = {}): Promise<string> {
  await database.sql("INSERT INTO tombstones (uid, noun, name, machine_id, user_id) VALUES ($1, $2, 'job', $3, 1)", [
    uid,
    noun,
    machine,
  ]);
  return uid;
}

test("knows what was removed, wherever it was, among what was asked for", async () => {
  const [here, unasked, elsewhere] = [await bury(randomUUID()), await bury(randomUUID()), randomUUID()];
  await bury(elsewhere, { machine: "gpu2" });
  expect(await loadTombstones(database.sql, [here, elsewhere, randomUUID()])).toEqual(new Set([here, elsewhere]));
  expect((await loadTombstones(database.sql, [unasked])).has(here)).toBe(false);
});

test("gives no word for what a row still knows, for an image, or for a label that is no uid", async () => {
  const { uid } = await insertContainer(database.sql);
  await bury(uid);
  const image = await bury(randomUUID(), { noun: "image" });
  const labels = [uid, image, "not a uid", "", "'; DROP TABLE tombstones"];
  expect(await loadTombstones(database.sql, labels)).toEqual(new Set());
});
