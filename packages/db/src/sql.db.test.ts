import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { inTransaction, type Sql } from "./sql.ts";

const database = useTestDatabase();

const pidOf = async (sql: Sql): Promise<number> =>
  (await sql<{ pid: number }>("SELECT pg_backend_pid() AS pid"))[0]!.pid;

async function end(pid: number): Promise<void> {
  await database.sql("SELECT pg_terminate_backend($1::int)", [pid]);
  await expect
    .poll(() => database.sql("SELECT 1 FROM pg_stat_activity WHERE pid = $1::int", [pid]), { timeout: 10_000 })
    .toEqual([]);
}

// An error that nobody listens for would end the process, and this test run with it.
test.each([
  ["during a statement", (pid: number, sql: Sql) => Promise.all([sql("SELECT pg_sleep(30)"), end(pid)])],
  ["between two statements", async (pid: number, sql: Sql) => (await end(pid), sql("SELECT 1"))],
])("a connection that ends in a transaction, %s, fails the transaction and nothing else", async (_, work) => {
  let pid = 0;
  const transaction = inTransaction(database.pool, async (sql) => {
    pid = await pidOf(sql);
    await sql("CREATE TABLE undone ()");
    await work(pid, sql);
  });
  await expect(transaction).rejects.toThrow(/terminat|not queryable/);
  expect(await database.sql("SELECT to_regclass('undone') AS name")).toEqual([{ name: null }]);
  await inTransaction(database.pool, async (sql) => expect(await pidOf(sql)).not.toBe(pid));
});
