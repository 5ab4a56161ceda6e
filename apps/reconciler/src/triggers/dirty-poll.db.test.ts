import { setImmediate as turn } from "node:timers/promises";
import type { Sql } from "@berth/db/sql.ts";
import { insertContainer, insertImage, insertMachine } from "@berth/testbed/rows/insert-rows.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { pino } from "pino";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { startDirtyPoll } from "./dirty-poll.ts";

const database = useTestDatabase();
const log = pino({ enabled: false });
const POLL_MS = 15_000;

// The database's answers come in real time; what the poll waits for does not.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Dirty {
  containers: string[];
  machines: string[];
  images: string[];
}

/** A poll, and what it says next. */
function pollOf(sql: Sql) {
  let next = Promise.withResolvers<Dirty>();
  const poll = startDirtyPoll(sql, log, (containers, machines, images) => {
    next.resolve({ containers, machines, images });
    next = Promise.withResolvers();
  });
  onTestFinished(() => poll.stop());
  return {
    poll,
    next: () => next.promise,
    poke(): void {
      poll.poke();
      vi.advanceTimersByTime(0);
    },
  };
}

test("asks every 15 seconds for what was changed and not observed, until it was", async () => {
  const { sql } = database;
  await sql("DELETE FROM dirty");
  const { uid } = await insertContainer(sql, { desired: "removed" });
  const machine = `dirty-${uid}`;
  await insertMachine(sql, machine);
  let asking = 0;
  const { next } = pollOf(async <Row>(text: string, parameters?: readonly unknown[]) => {
    asking += 1;
    const rows = await sql<Row>(text, parameters);
    asking -= 1;
    return rows;
  });
  const first = next();
  vi.advanceTimersByTime(POLL_MS);
  expect(await first).toEqual({ containers: [uid], machines: [machine], images: [expect.any(String)] });

  await sql("DELETE FROM dirty WHERE noun <> 'machine'");
  // The first look has swept, with one statement after the other, and waits for its next turn.
  await expect.poll(() => asking).toBe(0);
  const second = next();
  vi.advanceTimersByTime(POLL_MS);
  expect(await second).toEqual({ containers: [], machines: [machine], images: [] });
});

test("asks at once when it is poked", async () => {
  const { sql } = database;
  const image_id = await insertImage(sql);
  const { uid } = await insertContainer(sql, { image_id, desired: "removed" });
  const { next, poke } = pollOf(sql);
  const asked = next();
  poke();
  expect((await asked).containers).toContain(uid);
});

test("goes on asking after the database was away", async () => {
  let isAway = true;
  let asked = 0;
  const sql: Sql = async (text, parameters) => {
    asked += 1;
    if (isAway) throw new Error("the database is away");
    return database.sql(text, parameters);
  };
  const { uid } = await insertContainer(database.sql, { desired: "removed" });
  const { next } = pollOf(sql);
  vi.advanceTimersByTime(POLL_MS);
  await turn();
  expect(asked).toBe(1);
  isAway = false;
  const found = next();
  vi.advanceTimersByTime(POLL_MS);
  expect((await found).containers).toContain(uid);
});

test("asks once more where it was poked while it asked", async () => {
  const answers: ((rows: never[]) => void)[] = [];
  const { poke } = pollOf(() => new Promise((resolve) => answers.push(resolve)));
  poke();
  expect(answers.length).toBe(1);
  poke();
  answers[0]!([]);
  await turn();
  vi.advanceTimersByTime(0);
  expect(answers.length).toBe(2);
});

test("says nothing any more once it was stopped", async () => {
  let asked = 0;
  const answer = Promise.withResolvers<unknown[]>();
  const sql: Sql = async <Row>() => {
    asked += 1;
    return (await answer.promise) as Row[];
  };
  let told = 0;
  const poll = startDirtyPoll(sql, log, () => (told += 1));
  poll.poke();
  vi.advanceTimersByTime(0);
  poll.stop();
  answer.resolve([{ noun: "container", id: "c" }]);
  await turn();
  poll.poke();
  vi.advanceTimersByTime(POLL_MS);
  expect({ asked, told }).toEqual({ asked: 1, told: 0 });
});
