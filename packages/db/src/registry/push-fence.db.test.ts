import { randomUUID } from "node:crypto";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import type { RegistryRecord } from "@berth/spec/registry.ts";
import type { PoolClient } from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { pgSql } from "../sql.ts";
import { beginCollection, beginPush, countPushes, endPush } from "./push-fence.ts";
import { readRegistry, writeRegistry } from "./record.ts";

const database = useTestDatabase();
const RUNNING: RegistryRecord = {
  kind: "process",
  state: "running",
  address: "127.0.0.1:5000",
  url: "http://127.0.0.1:5000",
  ca: null,
  message: "",
};

beforeEach(async () => {
  await database.sql("DELETE FROM operations");
  await database.sql("DELETE FROM reconcilers");
  await writeRegistry(database.sql, RUNNING);
});

async function reconciler(lives = "1 hour"): Promise<string> {
  const holder = randomUUID();
  await database.sql(
    `INSERT INTO reconcilers (holder, expires_at, backend_pid, backend_start)
     VALUES ($1, clock_timestamp() + $2::interval, 1, now())`,
    [holder, lives],
  );
  return holder;
}

/** A connection with a transaction that is open until the test ends it. */
async function openTransaction(): Promise<PoolClient> {
  const client = await database.pool.connect();
  onTestFinished(async () => {
    await client.query("ROLLBACK");
    client.release();
  });
  await client.query("BEGIN");
  return client;
}

async function waitUntilBlocked(text: string): Promise<void> {
  await waitUntil(`a statement to wait for a lock: ${text}`, 5_000, async () => {
    const rows = await database.sql(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, $1) > 0 AND pid <> pg_backend_pid()`,
      [text],
    );
    return rows.length > 0;
  });
}

test("no push begins while the registry collects, and each does when it runs again", async () => {
  const { sql } = database;
  const holder = await reconciler();
  expect(await beginCollection(sql)).toBe(true);
  expect(await readRegistry(sql)).toMatchObject({ state: "collecting", address: RUNNING.address });
  expect(await beginPush(sql, { image_id: 1, holder })).toBeNull();
  expect(await countPushes(sql)).toBe(0);
  await writeRegistry(sql, RUNNING);
  expect(await beginPush(sql, { image_id: 1, holder })).toEqual(expect.any(BigInt));
});

test("a push that has begun is counted until it ends", async () => {
  const { sql } = database;
  const holder = await reconciler();
  const [first, second] = [
    await beginPush(sql, { image_id: 1, holder }),
    await beginPush(sql, { image_id: 2, holder }),
  ];
  await beginCollection(sql);
  expect(await countPushes(sql)).toBe(2);
  for (const operation of [first!, first!, second!]) await endPush(sql, operation);
  expect(await countPushes(sql)).toBe(0);
});

test("a push that is not yet committed is waited for by the collection, which then counts it", async () => {
  const push = await openTransaction();
  await beginPush(pgSql(push), { image_id: 1, holder: await reconciler() });
  const collection = beginCollection(database.sql);
  await waitUntilBlocked("UPDATE settings");
  await push.query("COMMIT");
  expect(await collection).toBe(true);
  expect(await countPushes(database.sql)).toBe(1);
});

test("a collection that is not yet committed is waited for by a push, which then does not begin", async () => {
  const collection = await openTransaction();
  expect(await beginCollection(pgSql(collection))).toBe(true);
  const push = beginPush(database.sql, { image_id: 1, holder: await reconciler() });
  await waitUntilBlocked("INSERT INTO operations");
  await collection.query("COMMIT");
  expect(await push).toBeNull();
  expect(await database.sql("SELECT 1 FROM operations")).toEqual([]);
});

test("one image is pushed by one reconciler at a time, and whoever is dead makes way", async () => {
  const { sql } = database;
  const [living, dead, heir] = [await reconciler(), await reconciler("0 s"), await reconciler()];
  expect(await beginPush(sql, { image_id: 1, holder: living })).not.toBeNull();
  expect(await beginPush(sql, { image_id: 1, holder: heir })).toBeNull();
  const abandoned = await beginPush(sql, { image_id: 2, holder: dead });
  const taken = await beginPush(sql, { image_id: 2, holder: heir });
  expect(taken).not.toBeNull();
  await endPush(sql, abandoned!); // it is not dead after all, and comes back: what it had is another's now
  expect(await countPushes(sql)).toBe(2);
});

test("what a reconciler left open itself it takes over", async () => {
  const { sql } = database;
  const holder = await reconciler();
  const first = await beginPush(sql, { image_id: 1, holder });
  const again = await beginPush(sql, { image_id: 1, holder });
  expect(again).not.toBe(first);
  await endPush(sql, first!);
  expect(await countPushes(sql)).toBe(1);
  await endPush(sql, again!);
  expect(await countPushes(sql)).toBe(0);
});

test("pushes of the dead and the gone are forgotten, other operations are not", async () => {
  const { sql } = database;
  await beginPush(sql, { image_id: 1, holder: await reconciler("0 s") });
  await beginPush(sql, { image_id: 2, holder: randomUUID() });
  await sql("INSERT INTO operations (kind, noun, object_id, state) VALUES ('commit', 'image', '3', 'running')");
  expect(await countPushes(sql)).toBe(0);
  expect(await sql("SELECT kind FROM operations")).toEqual([{ kind: "commit" }]);
});

test("without a registry, or with one that does not run, nothing is collected", async () => {
  const { sql } = database;
  await writeRegistry(sql, { ...RUNNING, state: "missing" });
  expect(await beginCollection(sql)).toBe(false);
  await sql("DELETE FROM settings WHERE key = 'registry'");
  expect(await beginCollection(sql)).toBe(false);
  expect(await beginPush(sql, { image_id: 1, holder: await reconciler() })).toBeNull();
});
