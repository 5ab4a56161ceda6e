import { hashAsClient } from "@berth/api/auth/password.ts";
import { LONG_TRANSACTION } from "@berth/api/testing/long-transaction.ts";
import { createDb } from "@berth/db/client.ts";
import { type RestartablePostgres, startRestartablePostgres } from "@berth/testbed/postgres/restartable.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type OpenApp, openApp } from "./testing/open-app.ts";

let postgres: RestartablePostgres;
let open: OpenApp;

beforeAll(async () => {
  postgres = await startRestartablePostgres();
  open = await openApp(postgres.url);
});
afterAll(async () => {
  await open.close();
  await postgres.remove();
});

const post = (path: string, payload: object) => open.app.inject({ method: "POST", url: `/trpc/${path}`, payload });
const password = hashAsClient("correct horse");

test.each(["stop", "kill"] as const)(
  "says 503 while the database is away, and serves again after a %s",
  async (end) => {
    const account = `user-${end}`;
    await post("auth.register", { account, password });
    const login = await post("auth.login", { account, password });
    const { access_token } = login.json<{ result: { data: { access_token: string } } }>().result.data;
    const list = () =>
      open.app.inject({
        url: `/trpc/container.list?input=${encodeURIComponent("{}")}`,
        headers: { authorization: `Bearer ${access_token}` },
      });
    expect((await list()).statusCode).toBe(200);
    expect((await open.app.inject("/readyz")).json()).toEqual({ ready: true });

    await postgres[end]();
    for (const answer of [await list(), await post("auth.register", { account: "late", password })]) {
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({
        error: { message: expect.stringContaining("database"), data: { code: "SERVICE_UNAVAILABLE" } },
      });
      expect(answer.body).not.toContain("127.0.0.1");
    }
    expect((await open.app.inject("/readyz")).statusCode).toBe(503);
    expect((await open.app.inject("/healthz")).statusCode).toBe(200);

    await postgres.start();
    expect((await list()).statusCode).toBe(200);
  },
);

test("says 503 also to what was under way when the database was killed", async () => {
  const other = createDb(postgres.url);
  const holding = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  const held = other.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`;
    holding.resolve();
    await killed.promise;
  }, LONG_TRANSACTION);
  const lost = held.then(
    () => false,
    () => true,
  );
  await holding.promise;
  const underWay = post("auth.register", { account: "under-way", password });
  await vi.waitUntil(async () => {
    const [waiting] = await open.db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass`;
    return waiting?.count === 1;
  }, 10_000);
  await postgres.kill();
  killed.resolve();
  expect((await underWay).statusCode).toBe(503);
  expect(await lost).toBe(true);
  await other.$disconnect();
  await postgres.start();
});

test("is not ready while migrations are missing, and says which", async () => {
  const [last] = await open.db.$queryRaw<{ id: string; migration_name: string }[]>`
    SELECT id, migration_name FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1`;
  await open.db.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL WHERE id = ${last?.id}`;
  const answer = await open.app.inject("/readyz");
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ ready: false, reason: `migrations are missing: ${last?.migration_name}` });
  await open.db.$executeRaw`UPDATE _prisma_migrations SET finished_at = now() WHERE id = ${last?.id}`;
});
