import { insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { waitUntil } from "@berth/testbed/fleet/wait-until.ts";
import { startLosingNetwork } from "@berth/testbed/postgres/losing-network.ts";
import { type RestartablePostgres, startRestartablePostgres } from "@berth/testbed/postgres/restartable.ts";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { listen, type ListenTimes, type NotificationHandlers, SPEC_CHANNELS } from "./listen.ts";
import type { Sql } from "./sql.ts";

const database = useTestDatabase();
let postgres: RestartablePostgres;
beforeAll(async () => {
  postgres = await startRestartablePostgres();
});
afterAll(() => postgres.remove());

async function listener(url: string, times?: ListenTimes) {
  const heard: string[] = [];
  const errors: Error[] = [];
  const counts = { connected: 0 };
  const name = `listener-${Math.random()}`;
  const handlers: NotificationHandlers<(typeof SPEC_CHANNELS)[number]> = {
    onNotice: (channel, id) => heard.push(`${channel} ${id}`),
    onConnected: () => (counts.connected += 1),
    onError: (error) => errors.push(error),
  };
  const listening = await listen(url, name, SPEC_CHANNELS, handlers, times);
  onTestFinished(() => listening.close());
  return { heard, errors, counts, name, listening };
}

const backends = async (sql: Sql, name: string): Promise<number> =>
  (await sql("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", [name])).length;

test("hears what triggers notify, by channel", async () => {
  const { heard, counts } = await listener(database.url);
  expect(counts.connected).toBe(1);
  await insertMachine(database.sql, "heard");
  const image_id = await insertImage(database.sql);
  await waitUntil("both notices", 20_000, () => heard.length >= 2);
  expect(heard).toEqual(["berth_machine heard", `berth_image ${image_id}`]);
});

test("listens again after its backend was ended, and says that notices were lost", async () => {
  const { sql } = database;
  const { heard, counts, name } = await listener(database.url);
  for (const round of [1, 2]) {
    await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [name]);
    await waitUntil("the listener to be back", 20_000, () => counts.connected === round + 1);
    const id = `after-${round}`;
    await insertMachine(sql, id);
    await waitUntil("a notice", 20_000, () => heard.includes(`berth_machine ${id}`));
  }
  // An ended backend is listed for a moment after its client has noticed.
  await waitUntil("one backend to be left", 20_000, async () => (await backends(sql, name)) === 1);
});

test("listens again after the database was away for a while", async () => {
  const { heard, counts } = await listener(postgres.url);
  await postgres.kill();
  await postgres.start();
  await waitUntil("the listener to be back", 20_000, () => counts.connected === 2);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query("SELECT pg_notify('berth_image', '7')");
  await client.end();
  await waitUntil("the notice", 20_000, () => heard.includes("berth_image 7"));
});

test("listens again, and says that notices were lost, where a network lost its connection and told nobody", async () => {
  const network = await startLosingNetwork(database.url);
  onTestFinished(() => network.close());
  const { heard, counts } = await listener(network.url, { checkMs: 2_200, answerMs: 2_000 });
  // A machine that stands still for as long may have made it connect again before.
  const before = { seen: network.seen, connected: counts.connected };
  network.lose();
  await waitUntil("two attempts to connect again", 30_000, () => network.seen >= before.seen + 2);
  network.mend();
  await waitUntil("the listener to be back", 30_000, () => counts.connected > before.connected);
  await insertMachine(database.sql, "after-the-loss");
  await waitUntil("a notice", 20_000, () => heard.includes("berth_machine after-the-loss"));
});

test("leaves no connection behind, and does not come back, once it was closed", async () => {
  const { name, listening, counts } = await listener(database.url);
  expect(await backends(database.sql, name)).toBe(1);
  await listening.close();
  await waitUntil("the backend to end", 20_000, async () => (await backends(database.sql, name)) === 0);
  expect(counts.connected).toBe(1);
});

test("does not connect again after it was closed while the database was away", async () => {
  const { counts, name, listening, errors } = await listener(postgres.url);
  await postgres.stop();
  await listening.close();
  await postgres.start();
  const other = await listener(postgres.url);
  await postgres.kill();
  await postgres.start();
  await waitUntil("another listener to be back", 20_000, () => other.counts.connected === 2);
  expect({ ...counts, errors }).toEqual({ connected: 1, errors: [] });
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", [name]);
  await client.end();
  expect(rows).toEqual([]);
});

test("says at once where there is no database to listen to", async () => {
  await expect(listener("postgres://nobody@127.0.0.1:1/none")).rejects.toThrow();
});
