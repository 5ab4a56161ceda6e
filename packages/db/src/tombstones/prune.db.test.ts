import { randomUUID } from "node:crypto";
import { insertContainer } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { pruneTombstones } from "./prune.ts";

const database = useTestDatabase();

test("forgets what was removed more than a year ago, and not while a row knows it", async () => {
  const { sql } = database;
  const { uid: stillThere } = await insertContainer(sql);
  const [old, young] = [randomUUID(), randomUUID()];
  await sql(
    `INSERT INTO tombstones (uid, noun, name, user_id, deleted_at)
     SELECT uid, 'container', 'job', 1, now() - make_interval(days => days)
     FROM unnest($1::uuid[], '{366, 364, 366}'::int[]) AS buried (uid, days)`,
    [[old, young, stillThere]],
  );
  expect(await pruneTombstones(sql)).toBe(1);
  const left = await sql<{ uid: string }>("SELECT uid FROM tombstones");
  expect(left.map(({ uid }) => uid).sort()).toEqual([young, stillThere].sort());
});
