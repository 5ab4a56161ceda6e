import { randomUUID } from "node:crypto";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { beforeEach, expect, test } from "vitest";
import {
  forgetTerminal,
  isTerminalOf,
  recordTerminal,
  renewTerminals,
  takeStaleTerminals,
  TERMINAL_STALE_S,
} from "./terminals.ts";

const database = useTestDatabase();
beforeEach(() => database.sql("DELETE FROM terminals"));

const [mine, others] = [randomUUID(), randomUUID()];

async function open(serverId: string, userId = 1): Promise<string> {
  const terminal_id = randomUUID();
  const row = { container_id: 1, user_id: userId, machine_id: "gpu-1", engine_id: "ab".repeat(32) };
  await recordTerminal(database.sql, { ...row, terminal_id, server_id: serverId });
  return terminal_id;
}

const age = (terminalId: string, seconds: number): Promise<unknown> =>
  database.sql(
    "UPDATE terminals SET renewed_at = clock_timestamp() - $2 * interval '1 second' WHERE terminal_id = $1",
    [terminalId, seconds],
  );

test("renews a server's own, and tells which of them are still its own", async () => {
  const { sql } = database;
  const [kept, lost, notMine] = [await open(mine), await open(mine), await open(others)];
  for (const terminal of [kept, notMine]) await age(terminal, TERMINAL_STALE_S + 1);
  await forgetTerminal(sql, lost);
  expect(await renewTerminals(sql, mine, [kept, lost, notMine])).toEqual(new Set([kept]));
  expect((await takeStaleTerminals(sql, mine, 10)).map((row) => row.terminal_id)).toEqual([notMine]);
});

test("gives each stale terminal to one taker, whose it is then", async () => {
  const { sql } = database;
  const stale = await Promise.all(Array.from({ length: 20 }, () => open(others)));
  for (const terminal of stale) await age(terminal, TERMINAL_STALE_S + 1);
  await open(others);
  const takers = Array.from({ length: 4 }, () => randomUUID());
  const taken = (await Promise.all(takers.map((taker) => takeStaleTerminals(sql, taker, 100)))).flat();
  expect(taken.map((row) => row.terminal_id).sort()).toEqual(stale.sort());
  expect(await renewTerminals(sql, others, stale)).toEqual(new Set());
});

test("gives a terminal again that its taker could not hang up", async () => {
  const { sql } = database;
  const terminal = await open(others);
  await age(terminal, TERMINAL_STALE_S + 1);
  const expected = [{ terminal_id: terminal, machine_id: "gpu-1", engine_id: "ab".repeat(32) }];
  expect(await takeStaleTerminals(sql, mine, 10)).toEqual(expected);
  expect(await takeStaleTerminals(sql, mine, 10)).toEqual([]);
  await age(terminal, TERMINAL_STALE_S + 1);
  expect(await takeStaleTerminals(sql, mine, 10)).toEqual(expected);
});

test("knows a terminal only to the user who opened it", async () => {
  const { sql } = database;
  const terminal = await open(others, 7);
  expect(await isTerminalOf(sql, 7, terminal)).toBe(true);
  expect(await isTerminalOf(sql, 8, terminal)).toBe(false);
  expect(await isTerminalOf(sql, 7, randomUUID())).toBe(false);
});
