import { insertContainer, insertImage, insertUser } from "@berth/testbed/rows/insert-rows.ts";
import { startListener } from "@berth/testbed/rows/listener.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, onTestFinished, test } from "vitest";
import type { Sql } from "../sql.ts";
import { announceChanges } from "./announce.ts";

const database = useTestDatabase();

test("names who may see what changed, in one notice", async () => {
  const { sql } = database;
  const { user_id } = await insertUser(sql);
  const { container_id } = await insertContainer(sql, { user_id });
  const open = await insertImage(sql);
  const own = await insertImage(sql, { user_id });
  await sql("UPDATE images SET shared_with = '{41,42}' WHERE image_id = $1", [own]);
  const listener = await startListener(database.url, ["berth_change"]);
  onTestFinished(() => listener.close());
  await announceChanges(sql, [
    { noun: "container", id: String(container_id) },
    { noun: "container", id: "987654" },
    { noun: "image", id: String(open) },
    { noun: "image", id: String(own) },
    { noun: "machine", id: "gpu-1" },
    { noun: "user", id: String(user_id) },
    { noun: "container", id: null },
  ]);
  await listener.caughtUp();
  expect(listener.heard.map((notice) => JSON.parse(notice.slice("berth_change ".length)) as unknown)).toEqual([
    [
      ["container", String(container_id), [user_id]],
      ["image", String(open), null],
      ["image", String(own), [user_id, 41, 42]],
      ["machine", "gpu-1", null],
      ["user", String(user_id), [user_id]],
      ["container", null, null],
    ],
  ]);
});

test("ten thousand changes are one statement that notifies", async () => {
  const statements: string[] = [];
  const sql: Sql = (text) => {
    statements.push(text);
    return Promise.resolve([]);
  };
  await announceChanges(
    sql,
    Array.from({ length: 10_000 }, (_, index) => ({ noun: "machine", id: `gpu-${index}` })),
  );
  expect(statements.filter((text) => text.includes("pg_notify"))).toHaveLength(1);
});
