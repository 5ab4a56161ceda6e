import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "./test-database.ts";

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("gives each caller a migrated database that nobody else sees", async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await query(one.url, "INSERT INTO users (account, password) VALUES ('li', 'x')");
  expect(await query(one.url, "SELECT account FROM users")).toEqual([{ account: "li" }]);
  expect(await query(two.url, "SELECT account FROM users")).toEqual([]);
  await Promise.all([one.drop(), two.drop()]);
});

test("drops a database that still has connections", async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => client.on("error", resolve));
  await client.connect();
  await database.drop();
  expect(await ended).toMatchObject({ code: "57P01" });
  await expect(query(database.url, "SELECT 1")).rejects.toMatchObject({ code: "3D000" });
});
