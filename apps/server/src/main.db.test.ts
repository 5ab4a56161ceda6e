import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { LONG_TRANSACTION } from "@berth/api/testing/long-transaction.ts";
import { createDb } from "@berth/db/client.ts";
import { startApiServer } from "@berth/testbed/scenario/api-server.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const BERTH_SECRET_KEY = "a secret of tests that is long enough";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Runs the server to its end. */
async function run(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  // Without a data dir nothing completes the environment.
  const child = spawn(process.execPath, [MAIN], {
    env: { BERTH_DATA_DIR: "/nowhere", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit") as Promise<[number | null]>]);
  return { code, said };
}

test("a bad environment is told a line a fault, and ends it", async () => {
  const { code, said } = await run({ BERTH_PORT: "http" });
  expect(code).toBe(1);
  expect(said.trim().split("\n")).toEqual([
    expect.stringMatching(/^berth server: BERTH_PORT: /),
    expect.stringMatching(/^berth server: DATABASE_URL: /),
    expect.stringMatching(/^berth server: BERTH_SECRET_KEY: /),
  ]);
});

test("a database that can't be reached is one line", async () => {
  const { code, said } = await run({ DATABASE_URL: "postgresql://u:s3cret@127.0.0.1:1/x", BERTH_SECRET_KEY });
  expect(code).toBe(1);
  expect(said).toMatch(/^berth server: the database of DATABASE_URL can't be used: .*\n$/);
  expect(said).not.toContain("s3cret");
});

test("a certificate that can't be used is one line that names its variable", async () => {
  const BERTH_TLS_CERT = "/nowhere/cert.pem";
  const env = { DATABASE_URL: database.url, BERTH_SECRET_KEY, BERTH_TLS_CERT, BERTH_TLS_KEY: MAIN };
  const { code, said } = await run(env);
  expect(code).toBe(1);
  expect(said).toMatch(/^berth server: BERTH_TLS_CERT: the file can't be read: ENOENT.*\n$/);
});

test.each([
  ["BERTH_PORT", {}],
  ["BERTH_SSH_PORT", { BERTH_PORT: "0" }],
])("a port that is taken is one line that says that %s helps", async (variable, others) => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const address = squatter.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const ports = { BERTH_SSH_PORT: "off", ...others, [variable]: String(port) };
  const env = { DATABASE_URL: database.url, BERTH_SECRET_KEY, ...ports, BERTH_LOG_LEVEL: "silent" };
  const { code, said } = await run(env);
  expect(code).toBe(1);
  expect(said).toContain(`127.0.0.1:${port}: another program listens there: set ${variable}`);
  squatter.close();
});

test("answers what is under way before it ends", async () => {
  const server = await startApiServer({ databaseUrl: database.url });
  const db = createDb(database.url);
  const released = Promise.withResolvers<void>();
  const holding = Promise.withResolvers<void>();
  const holder = db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`;
    holding.resolve();
    await released.promise;
  }, LONG_TRANSACTION);
  await holding.promise;
  const underWay = server.registerUser("late");
  await vi.waitUntil(async () => {
    // Databases that were copied from one template have the same oids.
    const [waiting] = await db.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM pg_locks JOIN pg_database ON pg_database.oid = database
      WHERE NOT granted AND relation = 'users'::regclass AND datname = current_database()`;
    return waiting?.count === 1;
  }, 10_000);
  const ended = server.stop();
  await vi.waitUntil(() => server.log.some((line) => line.includes("stopping")), 10_000);
  released.resolve();
  await underWay;
  expect(await ended).toBe(0);
  await holder;
  await db.$disconnect();
});

test("a server that is supervised ends when its parent's end of stdin does", async () => {
  const server = await startApiServer({ databaseUrl: database.url });
  await server.abandon();
  expect(server.log.some((line) => line.includes("the parent has gone"))).toBe(true);
});
