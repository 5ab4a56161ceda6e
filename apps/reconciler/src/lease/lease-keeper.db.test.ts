import { randomUUID } from "node:crypto";
import { connectLeases } from "@berth/db/leases/lease-connection.ts";
import { SHARDS } from "@berth/db/leases/shard-leases.ts";
import { createPool, type Pool } from "@berth/db/pool.ts";
import { inTransaction, pgSql, type Sql } from "@berth/db/sql.ts";
import type { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { type RestartablePostgres, startRestartablePostgres } from "@berth/testbed/postgres/restartable.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LeaseKeeper } from "./lease-keeper.ts";

const ALL = Array.from({ length: SHARDS }, (_, shard) => shard);

let postgres: RestartablePostgres;
beforeAll(async () => {
  postgres = await startRestartablePostgres();
});
afterAll(() => postgres.remove());

/** A database with no leases held, that a test has for itself. */
async function database(): Promise<{ url: string; pool: Pool; sql: Sql }> {
  const { url, drop } = await createTestDatabase();
  const pool = createPool(url, { max: 2, applicationName: "berth-test", onError: () => undefined });
  onTestFinished(async () => {
    await pool.end();
    await drop();
  });
  return { url, pool, sql: pgSql(pool) };
}

const describe = (): ReconcilerHealth => ({
  version: "test",
  started_at: new Date().toISOString(),
  machines: 0,
  queue: [],
  longest_waiting: null,
  longest_running: [],
  breakers_open: 0,
  breakers: [],
});

/** A keeper that is started, by a clock that may be the test's own. */
function keeperOf(databaseUrl: string, now = () => performance.now()) {
  const holder = randomUUID();
  const gained: number[][] = [];
  const lost: number[][] = [];
  const counts = { resumed: 0 };
  const keeper = new LeaseKeeper({
    databaseUrl,
    holder,
    log: pino({ enabled: false }),
    onGained: (shards) => gained.push(shards),
    onResumed: () => (counts.resumed += 1),
    onLost: async (shards) => void lost.push(shards),
    describe,
    now,
  });
  keeper.start();
  onTestFinished(() => keeper.close());
  const has = (count: number) =>
    waitUntil(`${count} shards`, 20_000, () => keeper.shards.length === count && keeper.isHolding);
  return { keeper, holder, gained, lost, counts, has };
}

const byNumber = (shards: readonly number[]): number[] => shards.toSorted((a, b) => a - b);
const fenced = (keeper: LeaseKeeper): number => ALL.filter((shard) => keeper.fence(shard) !== null).length;
const endConnection = (sql: Sql, holder: string) =>
  sql("SELECT pg_terminate_backend(backend_pid) FROM reconcilers WHERE holder = $1", [holder]);

async function backendOf(sql: Sql, holder: string): Promise<number> {
  const [row] = await sql<{ backend_pid: number }>("SELECT backend_pid FROM reconcilers WHERE holder = $1", [holder]);
  return row!.backend_pid;
}

test("holds every shard alone, fenced by the epoch that the database has", async () => {
  const { url, sql } = await database();
  const { keeper, holder, gained, has } = keeperOf(url);
  expect(keeper.fence(0)).toBeNull();
  await has(SHARDS);
  expect(byNumber(gained.flat())).toEqual(ALL);
  const [row] = await sql<{ epoch: string }>("SELECT epoch::text FROM leases WHERE shard = 5 AND holder = $1", [
    holder,
  ]);
  expect(keeper.fence(5)).toEqual({ shard: 5, holder, epoch: BigInt(row!.epoch) });
  expect(keeper.fence(SHARDS)).toBeNull();
});

test("shares the shards out with another, and takes them all back when that one leaves", async () => {
  const { url } = await database();
  const one = keeperOf(url);
  await one.has(SHARDS);
  const two = keeperOf(url);
  await Promise.all([one.has(SHARDS / 2), two.has(SHARDS / 2)]);
  expect(byNumber([...one.keeper.shards, ...two.keeper.shards])).toEqual(ALL);
  expect(byNumber(one.lost.flat())).toEqual(byNumber(two.keeper.shards));
  expect(two.lost).toEqual([]);

  const left = two.keeper.shards;
  await two.keeper.close();
  expect(fenced(two.keeper)).toBe(0);
  await one.has(SHARDS);
  expect(byNumber(one.gained.at(-1)!)).toEqual(byNumber(left));
});

test("gives a shard away only after nothing acts on it any more", async () => {
  const { url, sql } = await database();
  const stopped = Promise.withResolvers<void>();
  const asked: number[] = [];
  const slow = new LeaseKeeper({
    databaseUrl: url,
    holder: randomUUID(),
    log: pino({ enabled: false }),
    onGained: () => undefined,
    describe,
    onResumed: () => undefined,
    onLost: (shards) => {
      asked.push(...shards);
      return stopped.promise;
    },
  });
  slow.start();
  onTestFinished(() => slow.close());
  await waitUntil("all shards", 20_000, () => slow.shards.length === SHARDS);
  const other = keeperOf(url);
  await waitUntil("the hand-over to begin", 20_000, () => asked.length > 0);
  expect(asked.every((shard) => slow.fence(shard) === null)).toBe(true);
  expect(await sql("SELECT 1 FROM leases WHERE holder IS NULL")).toEqual([]);
  stopped.resolve();
  await other.has(SHARDS / 2);
});

test("takes over at once from one whose backend ended, long before its lease expires", async () => {
  const { url, sql } = await database();
  const dead = await connectLeases(url, randomUUID(), 3_600_000, () => undefined);
  await dead.leases.acquire(SHARDS);
  const { has, keeper } = keeperOf(url);
  await waitUntil("the keeper to share out", 20_000, async () => (await sql("SELECT 1 FROM reconcilers")).length === 2);
  expect(keeper.shards).toEqual([]);
  await dead.close();
  await has(SHARDS);
});

test("waits for the expiry of one that stands still, and takes over then", async () => {
  const { url, sql } = await database();
  const frozen = await connectLeases(url, randomUUID(), 2_500, () => undefined);
  onTestFinished(() => frozen.close());
  await frozen.leases.acquire(SHARDS);
  // Before anybody is there who could take over.
  const [before] = await sql<{ expires_at: Date }>("SELECT min(expires_at) AS expires_at FROM leases");
  const { has, gained } = keeperOf(url);
  await waitUntil("the take-over", 20_000, () => gained.length > 0);
  const [now] = await sql<{ now: Date }>("SELECT clock_timestamp() AS now");
  expect(now!.now.getTime()).toBeGreaterThanOrEqual(before!.expires_at.getTime());
  await has(SHARDS);
});

test("begins nothing any more once its last renewal is seven seconds old by its own clock", async () => {
  const { url } = await database();
  const clock = { ms: 0 };
  const { keeper, counts, has } = keeperOf(url, () => clock.ms);
  await has(SHARDS);
  clock.ms += 7_000;
  expect(fenced(keeper)).toBe(SHARDS);
  clock.ms += 1;
  expect(fenced(keeper)).toBe(0);
  expect(keeper.isHolding).toBe(false);
  await has(SHARDS); // the next renewal is by the same clock
  expect(fenced(keeper)).toBe(SHARDS);
  expect(counts.resumed).toBe(1);
});

test("gains anew, with a higher epoch, what expired while the process stood still", async () => {
  const { url, sql } = await database();
  const { keeper, gained, lost, has } = keeperOf(url);
  await has(SHARDS);
  const before = keeper.fence(7)!.epoch;
  await sql("UPDATE leases SET expires_at = clock_timestamp() - interval '1 second' WHERE shard = 7");
  await waitUntil("the loss to be seen", 20_000, () => lost.length > 0);
  expect(lost).toEqual([[7]]);
  await waitUntil("the shard to be back", 20_000, () => keeper.fence(7) !== null);
  expect(gained.at(-1)).toEqual([7]);
  expect(keeper.fence(7)!.epoch).toBe(before + 1n);
});

test("begins nothing from the moment its connection is gone, and goes on with the same leases on the next", async () => {
  const { url, pool } = await database();
  const { keeper, holder, gained, lost, counts, has } = keeperOf(url);
  await has(SHARDS);
  expect(counts.resumed).toBe(0);
  const before = keeper.fence(7);
  await inTransaction(pool, async (sql) => {
    // Its next connection can't register before the end of the last one was seen here.
    await sql("LOCK TABLE reconcilers IN SHARE MODE");
    await endConnection(sql, holder);
    await waitUntil("the end to be seen", 10_000, () => !keeper.isHolding);
    expect(fenced(keeper)).toBe(0);
  });
  await has(SHARDS);
  expect(keeper.fence(7)).toEqual(before);
  expect({ gained: gained.length, lost, ...counts }).toEqual({ gained: 1, lost: [], resumed: 1 });
});

test("loses to a live one what it holds while its connection is gone, and acts on none of it", async () => {
  const { url, sql } = await database();
  const one = keeperOf(url);
  const two = keeperOf(url);
  await Promise.all([one.has(SHARDS / 2), two.has(SHARDS / 2)]);
  for (let round = 0; round < 3; round += 1) {
    const ended = await backendOf(sql, one.holder);
    await endConnection(sql, one.holder);
    await waitUntil("all to be shared out again", 20_000, async () => {
      const both = ALL.filter((shard) => one.keeper.fence(shard) && two.keeper.fence(shard));
      // Whoever the database does not name holds nothing that it may write by.
      for (const shard of both) {
        const [row] = await sql<{ holder: string }>("SELECT holder FROM leases WHERE shard = $1", [shard]);
        expect([one.holder, two.holder]).toContain(row!.holder);
      }
      // It may be back before anybody here has seen that it was away.
      if ((await backendOf(sql, one.holder)) === ended) return false;
      return one.keeper.shards.length === SHARDS / 2 && two.keeper.shards.length === SHARDS / 2 && one.keeper.isHolding;
    });
  }
  expect(byNumber([...one.keeper.shards, ...two.keeper.shards])).toEqual(ALL);
});

test.each(["stop", "kill"] as const)(
  "comes back with its own leases after the database's %s, and nobody else takes them",
  async (how) => {
    const one = keeperOf(postgres.url);
    const two = keeperOf(postgres.url);
    await Promise.all([one.has(SHARDS / 2), two.has(SHARDS / 2)]);
    const before = byNumber(one.keeper.shards).map((shard) => one.keeper.fence(shard));
    const handedOver = [one.lost.length, two.lost.length];
    await postgres[how]();
    await waitUntil("both to notice", 20_000, () => !one.keeper.isHolding && !two.keeper.isHolding);
    expect(fenced(one.keeper) + fenced(two.keeper)).toBe(0);
    await postgres.start();
    await Promise.all([one.has(SHARDS / 2), two.has(SHARDS / 2)]);
    expect(byNumber(one.keeper.shards).map((shard) => one.keeper.fence(shard))).toEqual(before);
    expect([one.lost.length, two.lost.length]).toEqual(handedOver);
    await Promise.all([one.keeper.close(), two.keeper.close()]);
  },
);

test("leaves nothing behind when it is closed", async () => {
  const { url, sql } = await database();
  const { keeper, has } = keeperOf(url);
  await has(SHARDS);
  await keeper.close();
  expect(await sql("SELECT 1 FROM leases WHERE holder IS NOT NULL")).toEqual([]);
  expect(await sql("SELECT 1 FROM reconcilers")).toEqual([]);
});
