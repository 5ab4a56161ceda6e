import type { Change } from "@berth/spec/live.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { prismaSql } from "@berth/db/sql.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { type ApiServer, startApiServer } from "@berth/testbed/scenario/api-server.ts";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { hashAsClient } from "./auth/password.ts";
import { type BerthClient, BerthClientError, createBerthClient } from "./client.ts";

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

/** Follows the changes until the test ends. */
function follow(client: BerthClient) {
  const changes: Change[] = [];
  const state = { changes, started: 0, error: null as unknown, isComplete: false };
  client.live.changes.subscribe(undefined, {
    onStarted: () => (state.started += 1),
    onData: (batch) => changes.push(...batch),
    onError: (error) => (state.error = error),
    onComplete: () => (state.isComplete = true),
  });
  onTestFinished(() => client.close());
  return state;
}

const seen = (state: { changes: Change[] }, id: string | null): Promise<void> =>
  vi.waitFor(() => expect(state.changes).toContainEqual({ noun: "machine", id }), { timeout: 20_000 });

const endsSockets = (account: string) =>
  db.users.update({ where: { account }, data: { token_epoch: { increment: 1 } } });

test("follows changes, and the client still makes calls", async () => {
  const li = await server.registerUser("li");
  const state = follow(li);
  await seen(state, null);
  await insertMachine(prismaSql(db), "heard");
  await seen(state, "heard");
  expect(await li.user.me.query()).toMatchObject({ account: "li" });
});

test("comes back by itself, with a new token, after its sign-in has ended", async () => {
  const wang = await server.registerUser("wang");
  const state = follow(wang);
  await seen(state, null);
  await endsSockets("wang");
  await vi.waitFor(() => expect(state.started).toBe(2), { timeout: 20_000 });
  await insertMachine(prismaSql(db), "heard-again");
  await seen(state, "heard-again");
  expect(state.error).toBe(null);
});

test("fails where no token is to be had any more", async () => {
  const account = "sun";
  await server.registerUser(account);
  const password = hashAsClient(`${account}'s password`);
  const { access_token } = await createBerthClient({ url: server.url }).auth.login.mutate({ account, password });
  const byToken = follow(createBerthClient({ url: server.url, token: access_token }));
  const byPassword = follow(createBerthClient({ url: server.url, account, password: `${account}'s password` }));
  await Promise.all([seen(byToken, null), seen(byPassword, null)]);
  await db.users.update({ where: { account }, data: { disabled_at: new Date() } });
  await vi.waitFor(() => expect(byToken.error).toBeInstanceOf(BerthClientError), { timeout: 20_000 });
  expect(byToken.error).toMatchObject({ code: "UNAUTHORIZED" });
  await vi.waitFor(() => expect(byPassword.error).toMatchObject({ code: "FORBIDDEN" }), { timeout: 20_000 });
});

test("fails at once without a token", async () => {
  const state = follow(createBerthClient({ url: server.url }));
  await vi.waitFor(() => expect(state.error).toMatchObject({ code: "UNAUTHORIZED" }), { timeout: 20_000 });
});

test("is told why it is refused, however soon that is", async () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const client = createBerthClient({ url: server.url });
    const error = await new Promise((onError) => client.live.changes.subscribe(undefined, { onError }));
    expect(error).toMatchObject({ code: "UNAUTHORIZED" });
    await client.close();
  }
});

test("completes what is followed where it is closed, and begins anew when asked", async () => {
  const zhao = await server.registerUser("zhao");
  const state = follow(zhao);
  await seen(state, null);
  await zhao.close();
  expect(state.isComplete).toBe(true);
  await seen(follow(zhao), null);
});
