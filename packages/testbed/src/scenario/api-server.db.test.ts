import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

let database: TestDatabase;
let server: ApiServer;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startApiServer({ databaseUrl: database.url });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

test("serves an admin and a user of its own process", async () => {
  const user = await server.registerUser("li");
  expect(await server.admin.user.me.query()).toMatchObject({ account: "test-admin", role: "admin" });
  expect(await user.user.me.query()).toMatchObject({ account: "li", role: "user" });
  expect(await user.container.list.query({})).toEqual({ items: [], next_cursor: null });
});

test("ends cleanly when it is asked to", async () => {
  const other = await startApiServer({ databaseUrl: database.url });
  expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
  expect(await other.stop()).toBe(0);
  await expect(fetch(`${other.url}/healthz`)).rejects.toThrow();
});
