import type { Sql } from "@berth/db/sql.ts";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { createAnnouncer } from "./announcer.ts";

const log = pino({ level: "silent" });

/** A database that hears notices, and is away while `isAway`. */
function fakeDatabase() {
  const heard: [string, string | null][][] = [];
  const state = { isAway: false, refused: 0, heard };
  const sql: Sql = async <Row>(text: string, [payloads] = [] as readonly unknown[]) => {
    await Promise.resolve();
    if (state.isAway) {
      state.refused += 1;
      throw new Error("the database is away");
    }
    if (!text.includes("pg_notify")) return [];
    const changes = (payloads as string[]).flatMap((payload) => JSON.parse(payload) as [string, string | null][]);
    heard.push(changes.map(([noun, id]) => [noun, id]));
    return [] as Row[];
  };
  return { state, sql };
}

test("the first change is told at once, what follows in one batch, each object once", async () => {
  const { state, sql } = fakeDatabase();
  const announcer = createAnnouncer(sql, log, 50);
  announcer.add("machine", "a");
  await vi.waitFor(() => expect(state.heard).toHaveLength(1));
  for (const id of ["b", "c", "b", "d"]) announcer.add("machine", id);
  await vi.waitFor(() => expect(state.heard).toHaveLength(2), 5_000);
  expect(state.heard).toEqual([
    [["machine", "a"]],
    [
      ["machine", "b"],
      ["machine", "c"],
      ["machine", "d"],
    ],
  ]);
  await announcer.close();
});

test("a storm is told as a change of any of the noun", async () => {
  const { state, sql } = fakeDatabase();
  const announcer = createAnnouncer(sql, log, 50);
  for (let id = 0; id < 10_000; id += 1) announcer.add("machine", String(id));
  await announcer.close();
  expect(state.heard).toEqual([[["machine", null]]]);
});

test("what could not be told is told as a change of any, once the database is back", async () => {
  const { state, sql } = fakeDatabase();
  state.isAway = true;
  const announcer = createAnnouncer(sql, log, 5);
  announcer.add("machine", "a");
  await vi.waitFor(() => expect(state.refused).toBe(1));
  announcer.add("machine", "b");
  state.isAway = false;
  await vi.waitFor(() => expect(state.heard).toEqual([[["machine", null]]]), { timeout: 10_000 });
  await announcer.close();
});

test("ends though the database is away", async () => {
  const { state, sql } = fakeDatabase();
  state.isAway = true;
  const announcer = createAnnouncer(sql, log, 5);
  announcer.add("machine", "a");
  await announcer.close();
  expect(state.refused).toBe(1);
});

test("what waits is told before it ends", async () => {
  const { state, sql } = fakeDatabase();
  const announcer = createAnnouncer(sql, log, 60_000);
  announcer.add("machine", "a");
  await vi.waitFor(() => expect(state.heard).toHaveLength(1));
  announcer.add("machine", "b");
  await announcer.close();
  announcer.add("machine", "c");
  expect(state.heard).toEqual([[["machine", "a"]], [["machine", "b"]]]);
});
