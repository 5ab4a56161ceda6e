import { createPool, type Pool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { type ApiServer, startApiServer } from "../scenario/api-server.ts";
import { setFuzzScene } from "./fuzz-scene.ts";
import { runFuzz } from "./run-fuzz.ts";

let database: TestDatabase;
let server: ApiServer;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startApiServer({ databaseUrl: database.url });
  pool = createPool(database.url, { max: 2, applicationName: "berth-fuzz", onError: () => undefined });
});
afterAll(async () => {
  await server.stop();
  await pool.end();
  await database.drop();
});

const REQUESTS = 10_000;

test("answers ten thousand odd requests as its document says, and grows by none of them", async () => {
  const seed = Date.now() % 1_000_000;
  const scene = await setFuzzScene(pgSql(pool), server.secret_key);
  const { pid, url: serverUrl } = server;
  const report = await runFuzz({ serverUrl, pid, scene, requests: REQUESTS, seed });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.requests).toBe(REQUESTS);
  expect((await fetch(`${serverUrl}/readyz`)).status).toBe(200);

  // Chance decides which, but most must have been tried to their end: a wall of refusals would prove nothing.
  const counts = Object.values(report.succeeded);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(counts.length * 0.75);
  // The heap settles in the first half.
  const half = Math.floor(report.memory.length / 2);
  const grown = Math.max(...report.memory.slice(-3)) - Math.max(...report.memory.slice(0, half));
  expect(grown).toBeLessThan(100);
}, 300_000);
