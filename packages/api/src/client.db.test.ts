import { randomUUID } from "node:crypto";
import { createDb, type Db } from "@berth/db/client.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { type ApiServer, startApiServer } from "@berth/testbed/scenario/api-server.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BerthClientError, createBerthClient } from "./client.ts";

let database: TestDatabase;
let db: Db;
let server: ApiServer;

beforeAll(async () => {
  database = await createTestDatabase();
  db = createDb(database.url);
  server = await startApiServer({ databaseUrl: database.url });
});
afterAll(async () => {
  await server.stop();
  await db.$disconnect();
  await database.drop();
});

/** Waits until the server's log has told of every request that was answered before this call. */
async function logCaughtUp(): Promise<void> {
  const mark = `/mark-${randomUUID()}`;
  await fetch(`${server.url}${mark}`);
  await vi.waitUntil(() => server.log.some((line) => line.includes(mark)), { timeout: 10_000 });
}

test("signs in again when its token has ended", async () => {
  const li = await server.registerUser("li");
  expect(await li.user.me.query()).toMatchObject({ account: "li" });
  await db.users.update({ where: { account: "li" }, data: { token_epoch: { increment: 1 } } });
  expect(await li.user.me.query()).toMatchObject({ account: "li" });
});

test("signs in once for calls that begin together", async () => {
  const qian = await server.registerUser("qian");
  const signIns = () => server.log.filter((line) => line.includes('"path":"/trpc/auth.login"')).length;
  await logCaughtUp();
  const before = signIns();
  await Promise.all(Array.from({ length: 5 }, () => qian.user.me.query()));
  await logCaughtUp();
  expect(signIns()).toBe(before + 1);
});

test("gives up where the password is no good any more", async () => {
  await server.registerUser("sun");
  const wrong = createBerthClient({ url: server.url, account: "sun", password: "not it" });
  await expect(wrong.user.me.query()).rejects.toThrow("The password is wrong.");
  await expect(createBerthClient({ url: server.url, token: "old" }).user.me.query()).rejects.toMatchObject({
    code: "UNAUTHORIZED",
  });
});

test("throws what the server says, with its code and details", async () => {
  const wang = await server.registerUser("wang");
  const missing = wang.container.get.query({ container_id: 12_345 });
  await expect(missing).rejects.toBeInstanceOf(BerthClientError);
  await expect(missing).rejects.toMatchObject({
    message: "There is no container 12345.",
    code: "NOT_FOUND",
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  await expect(wang.container.create.mutate({ name: "-", image: "public/base:1" })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    details: { fields: [{ field: "name" }] },
  });
});
