import { ensureFirstAdmin } from "@berth/api/auth/ensure-first-admin.ts";
import { createDb, type Db } from "@berth/db/client.ts";
import { createTestDatabase, type TestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { startSimulatedEngine, type SimulatedEngine } from "@berth/testbed/simulated/simulated-engine.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findLocalEngine } from "./local-engine.ts";
import { countMachines, recordLocalMachines, type LocalMachine } from "./local-machines.ts";

const SECRET = "a secret of more than 32 characters";

let database: TestDatabase;
let db: Db;
let engine: SimulatedEngine;
let said: string[];
const say = (line: string): void => void said.push(line);

beforeEach(async () => {
  said = [];
  database = await createTestDatabase();
  db = createDb(database.url);
  await ensureFirstAdmin(db, { password: "long enough" });
  engine = await startSimulatedEngine({ name: "desk", engine_id: "desk-engine", listen: { port: 0 } });
});
afterEach(async () => {
  await engine.close();
  await db.$disconnect();
  await database.drop();
});

function local(change: Partial<LocalMachine> = {}): LocalMachine {
  return { url: engine.url, is_builder: true, isWanted: false, ...change };
}

/** As an admin's `removeMachine` leaves it. */
async function removeByHand(): Promise<void> {
  const { machine_id, url } = await db.machines.findFirstOrThrow();
  await db.machines.delete({ where: { machine_id } });
  const entry = { account: "berth-admin", action: "remove", noun: "machine", object_id: machine_id };
  await db.audit_log.create({ data: { ...entry, details: { url } } });
}

test("records the engine of this host once, as a builder", async () => {
  await recordLocalMachines(db, SECRET, [local()], say);
  await recordLocalMachines(db, SECRET, [local()], say);
  expect(await db.machines.findMany()).toMatchObject([{ name: "desk", url: engine.url, is_builder: true }]);
  expect(await countMachines(db)).toEqual({ real: 0, simulated: 1 });
  expect(said).toEqual([`added machine desk (${engine.url})`]);
});

test("does not bring back a machine that an admin has removed, unless this start names it", async () => {
  await recordLocalMachines(db, SECRET, [local()], say);
  await removeByHand();
  await recordLocalMachines(db, SECRET, [local()], say);
  expect(await db.machines.count()).toBe(0);
  await recordLocalMachines(db, SECRET, [local({ isWanted: true })], say);
  expect(await db.machines.count()).toBe(1);
});

test("starts without a machine that does not answer, and says so", async () => {
  const { url } = engine;
  await engine.close();
  await recordLocalMachines(db, SECRET, [local({ url })], say);
  expect(await db.machines.count()).toBe(0);
  expect(said).toEqual([expect.stringContaining(`machine ${url} was not added`)]);
  expect(await findLocalEngine(url, say)).toBeNull();
  expect(said[1]).toContain(`the Docker engine at ${url} can't be used, so Berth starts without it`);
});

test("finds the engine that is named, the one on the usual socket, and none where it is off", async () => {
  expect(await findLocalEngine(engine.url, say)).toBe(engine.url);
  expect(await findLocalEngine("off", say)).toBeNull();
  expect(await findLocalEngine(undefined, say, "/nonexistent/docker.sock")).toBeNull();
  expect(said).toEqual([]);
});
