import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRestartablePostgres, type RestartablePostgres } from "./restartable.ts";

let postgres: RestartablePostgres;
beforeAll(async () => {
  postgres = await startRestartablePostgres();
});
afterAll(() => postgres.remove());

async function accounts(): Promise<string[]> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ account: string }>("SELECT account FROM users ORDER BY user_id");
  await client.end();
  return rows.map((row) => row.account);
}

async function addAccount(account: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query("INSERT INTO users (account, password) VALUES ($1, 'x')", [account]);
  await client.end();
}

test("comes back at the same address with all that was committed, after a stop and after a kill", async () => {
  await addAccount("stopped");
  await postgres.stop();
  await expect(accounts()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await postgres.start();

  await addAccount("killed");
  await postgres.kill();
  await expect(accounts()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await postgres.start();
  expect(await accounts()).toEqual(["stopped", "killed"]);
});
