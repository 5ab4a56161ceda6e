import { randomUUID } from "node:crypto";
import type { ReconcilerHealth } from "@berth/spec/reconciler.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { type RestartablePostgres, startRestartablePostgres } from "@berth/testbed/postgres/restartable.ts";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { connectLeases, type LeaseConnection } from "./lease-connection.ts";
import { SHARDS, type ShardLeases } from "./shard-leases.ts";

const database = useTestDatabase();
let postgres: RestartablePostgres;
beforeAll(async () => {
  postgres = await startRestartablePostgres();
});
afterAll(() => postgres.remove());
beforeEach(async () => {
  await database.sql("UPDATE leases SET holder = NULL, expires_at = NULL");
  await database.sql("DELETE FROM reconcilers");
});

interface Holder {
  id: string;
  leases: ShardLeases;
  connection: LeaseConnection;
}

async function holderOf(durationMs = 60_000, url = database.url, id: string = randomUUID()): Promise<Holder> {
  const connection = await connectLeases(url, id, durationMs, () => undefined);
  onTestFinished(() => connection.close());
  return { id, leases: connection.leases, connection };
}

/** As their time does: how long a restart takes must not decide whether it is over. */
async function expireLeases(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("UPDATE leases SET expires_at = now()");
  await client.end();
}

const epochs = (held: { epoch: bigint }[]): Set<bigint> => new Set(held.map(({ epoch }) => epoch));

test("gives every shard to one of those who ask at once, and none to two", async () => {
  const holders = await Promise.all([holderOf(), holderOf(), holderOf()]);
  const held = await Promise.all(holders.map(({ leases }) => leases.acquire(30)));
  const all = held.flat().map(({ shard }) => shard);
  expect(new Set(all).size).toBe(all.length);
  await Promise.all(holders.map(({ leases }) => leases.acquire(SHARDS)));
  const kept = await Promise.all(holders.map(({ leases }) => leases.renew(null)));
  expect(
    kept
      .flat()
      .map(({ shard }) => shard)
      .toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: SHARDS }, (_, i) => i));
});

test("takes nothing from a holder that lives, and what it gives back at once, with a higher epoch", async () => {
  const [one, two] = [await holderOf(), await holderOf()];
  const [first] = await one.leases.acquire(SHARDS);
  expect(await two.leases.acquire(SHARDS)).toEqual([]);
  await two.leases.release([first!.shard]); // not its own to give
  expect(await two.leases.acquire(SHARDS)).toEqual([]);
  await one.leases.release([first!.shard]);
  expect(await two.leases.acquire(SHARDS)).toEqual([{ shard: first!.shard, epoch: first!.epoch + 1n }]);
  expect((await one.leases.renew(null)).length).toBe(SHARDS - 1);
});

test("says by the way how its holder does, and leaves that until it says so again", async () => {
  const { id, leases } = await holderOf();
  const health: ReconcilerHealth = {
    version: "1.2.3",
    started_at: "2026-11-01T00:00:00.000Z",
    machines: 1,
    queue: [],
    longest_waiting: null,
    longest_running: [],
    breakers_open: 0,
    breakers: [],
  };
  const told = () => database.sql("SELECT health, health_at FROM reconcilers WHERE holder = $1", [id]);
  await leases.renew(null);
  expect(await told()).toEqual([{ health: null, health_at: null }]);
  await leases.renew(health);
  const first = await told();
  expect(first).toEqual([{ health, health_at: expect.any(Date) }]);
  await leases.renew(null);
  expect(await told()).toEqual(first);
});

test("keeps the epoch when it is renewed", async () => {
  const { leases } = await holderOf();
  const acquired = await leases.acquire(3);
  const byShard = (held: { shard: number; epoch: bigint }[]) => held.toSorted((a, b) => a.shard - b.shard);
  expect(byShard(await leases.renew(null))).toEqual(byShard(acquired));
});

test("takes over at once from a holder whose backend ended", async () => {
  const [dead, heir] = [await holderOf(), await holderOf()];
  const before = await dead.leases.acquire(SHARDS);
  await dead.connection.close();
  await waitUntil("the backend to end", 5_000, async () => (await heir.leases.countAlive()) === 1);
  const after = await heir.leases.acquire(SHARDS);
  expect(after.length).toBe(SHARDS);
  expect(Math.min(...[...epochs(after)].map(Number))).toBeGreaterThan(Math.min(...[...epochs(before)].map(Number)));
});

test("waits for the expiry of a holder that stands still with its connection open", async () => {
  const [frozen, heir] = [await holderOf(), await holderOf()];
  await frozen.leases.acquire(SHARDS);
  expect(await heir.leases.acquire(SHARDS)).toEqual([]);
  expect(await heir.leases.countAlive()).toBe(2);
  await expireLeases(database.url);
  await database.sql("UPDATE reconcilers SET expires_at = now() WHERE holder = $1", [frozen.id]);
  expect(await heir.leases.acquire(SHARDS)).toHaveLength(SHARDS);
  expect(await heir.leases.countAlive()).toBe(1);
});

test("has lost what expired before it was renewed, even where nobody took it", async () => {
  const { leases } = await holderOf(300);
  await leases.acquire(SHARDS);
  await waitUntil(
    "the expiry",
    5_000,
    async () => (await database.sql("SELECT 1 FROM leases WHERE expires_at <= now()")).length === SHARDS,
  );
  expect(await leases.renew(null)).toEqual([]);
});

test("finds its shards again, with their epochs, on a new connection in time", async () => {
  const first = await holderOf();
  const before = await first.leases.acquire(2);
  await first.connection.close();
  const again = await holderOf(60_000, database.url, first.id);
  expect(epochs(await again.leases.renew(null))).toEqual(epochs(before));
});

test.each(["stop", "kill"] as const)(
  "waits for the expiry where the database's own %s ended every backend",
  async (how) => {
    const gone = await connectLeases(postgres.url, randomUUID(), 60_000, () => undefined);
    const acquired = await gone.leases.acquire(SHARDS);
    expect(acquired.length).toBe(SHARDS);
    await postgres[how]();
    await postgres.start();
    const heir = await holderOf(60_000, postgres.url);
    expect(await heir.leases.acquire(SHARDS)).toEqual([]);
    await expireLeases(postgres.url);
    expect((await heir.leases.acquire(SHARDS)).length).toBe(SHARDS);
    await heir.leases.resign();
  },
);

test("waits for the expiry where one backend's crash made the database end all of them", async () => {
  const ended = Promise.withResolvers<unknown>();
  const gone = await connectLeases(postgres.url, randomUUID(), 60_000, ended.resolve);
  expect((await gone.leases.acquire(SHARDS)).length).toBe(SHARDS);
  const victim = new pg.Client({ connectionString: postgres.url });
  victim.on("error", () => undefined); // that it ends is what is wanted
  await victim.connect();
  const { rows } = await victim.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  process.kill(rows[0]!.pid, "SIGKILL");
  // Until then the database has not noticed, and still takes connections that it is about to end.
  await ended.promise;
  let heir: Holder | undefined;
  await waitUntil("the database to have recovered", 10_000, async () => {
    heir = await holderOf(60_000, postgres.url).catch(() => undefined);
    return heir !== undefined;
  });
  expect(await heir!.leases.acquire(SHARDS)).toEqual([]);
  await expireLeases(postgres.url);
  expect((await heir!.leases.acquire(SHARDS)).length).toBe(SHARDS);
  await heir!.leases.resign();
});

test("gives all back and is forgotten when it resigns", async () => {
  const [one, two] = [await holderOf(), await holderOf()];
  await one.leases.acquire(SHARDS);
  await one.leases.resign();
  expect(await two.leases.countAlive()).toBe(1);
  expect((await two.leases.acquire(SHARDS)).length).toBe(SHARDS);
});

test("tells once that its connection ended, and not where it was closed", async () => {
  const told: (Error | null)[] = [];
  const id = randomUUID();
  const broken = await connectLeases(database.url, id, 60_000, (error) => told.push(error));
  await database.sql("SELECT pg_terminate_backend(backend_pid) FROM reconcilers WHERE holder = $1", [id]);
  await waitUntil("the end to be told", 5_000, () => told.length > 0);
  await broken.close();
  const closed = await connectLeases(database.url, randomUUID(), 60_000, (error) => told.push(error));
  await closed.close();
  expect(told.length).toBe(1);
});

test("fences by holder and epoch together", async () => {
  const { id, leases } = await holderOf();
  const [held] = await leases.acquire(1);
  const holds = async (shard: number, holder: string, epoch: bigint): Promise<boolean> => {
    const [row] = await database.sql<{ holds: boolean }>("SELECT holds_lease($1, $2, $3) AS holds", [
      shard,
      holder,
      epoch.toString(),
    ]);
    return row!.holds;
  };
  const { shard, epoch } = held!;
  expect(await holds(shard, id, epoch)).toBe(true);
  expect(await holds(shard, id, epoch - 1n)).toBe(false);
  expect(await holds(shard, randomUUID(), epoch)).toBe(false);
  expect(await holds((shard + 1) % SHARDS, id, epoch)).toBe(false);
});

test("leaves no connection behind where a holder can't be registered, as on a standby", async () => {
  const url = new URL(database.url);
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  const attempt = connectLeases(url.href, randomUUID(), 60_000, () => undefined);
  await expect(attempt).rejects.toThrow("read-only");
  const connections = async (): Promise<number> => {
    const [row] = await database.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'berth-reconciler-lease'`,
    );
    return row!.count;
  };
  await waitUntil("the connection to end", 5_000, async () => (await connections()) === 0);
});
