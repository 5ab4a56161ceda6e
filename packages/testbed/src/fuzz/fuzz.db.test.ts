import { createPool, type Pool } from "@berth/db/pool.ts";
import { pgSql } from "@berth/db/sql.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHeld, TELLS_RESOURCES } from "../fleet/held-resources.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { type ApiServer, startApiServer } from "../scenario/api-server.ts";
import { setFuzzScene } from "./fuzz-scene.ts";
import { runFuzz } from "./run-fuzz.ts";

let database: TestDatabase;
let server: ApiServer;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  server = await startApiServer({ databaseUrl: database.url, execArgv: TELLS_RESOURCES });
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
  const { url: serverUrl } = server;
  const memory = async (): Promise<number> => {
    const { heap, external } = await readHeld(server);
    return (heap + external) / 1_048_576;
  };
  const report = await runFuzz({ serverUrl, memory, scene, requests: REQUESTS, seed });
  expect(report.faults, `seed ${seed}`).toEqual([]);
  expect(report.requests).toBe(REQUESTS);
  expect((await fetch(`${serverUrl}/readyz`)).status).toBe(200);

  // Chance decides which, but most must have been tried to their end: a wall of refusals would prove nothing.
  const counts = Object.values(report.succeeded);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(counts.length * 0.75);
  // Code and caches come to their size in the first half; a KiB kept of each request since would be 5 MiB.
  const half = Math.floor(report.memory.length / 2);
  const grown = Math.max(...report.memory.slice(-3)) - Math.max(...report.memory.slice(0, half));
  expect(grown).toBeLessThan(5);
}, 300_000);
