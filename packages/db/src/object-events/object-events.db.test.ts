import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";
import { pruneObjectEvents } from "./prune.ts";
import { type EventToRecord, recordEvent, recordEvents } from "./record.ts";

const database = useTestDatabase();

const event = (id: string, differs: Partial<EventToRecord> = {}): EventToRecord => {
  return { noun: "container", id, kind: "warning", reason: "Retrying", message: "no", ...differs };
};
const record = (id: string, differs: Partial<EventToRecord> = {}): Promise<void> =>
  recordEvent(database.sql, event(id, differs));
const eventsOf = (id: string) =>
  database.sql<{ reason: string; message: string; count: number }>(
    "SELECT reason, message, count FROM object_events WHERE id = $1 ORDER BY event_id",
    [id],
  );

test("counts an event that equals the newest one, and tells when it last happened", async () => {
  await record("a");
  await database.sql("UPDATE object_events SET first_at = '2026-01-01', last_at = '2026-01-01' WHERE id = 'a'");
  await record("a");
  await record("a");
  expect(await eventsOf("a")).toEqual([{ reason: "Retrying", message: "no", count: 3 }]);
  const [times] = await database.sql<{ moved: boolean; kept: boolean }>(
    "SELECT last_at > now() - interval '1 minute' AS moved, first_at = '2026-01-01' AS kept FROM object_events WHERE id = 'a'",
  );
  expect(times).toEqual({ moved: true, kept: true });
});

test("begins a new line for what differs, and when something came in between", async () => {
  await record("b");
  await record("b", { message: "still no" });
  await record("b", { reason: "Failed", message: "still no" });
  await record("b", { reason: "Failed", message: "still no", kind: "normal" });
  await record("b");
  expect((await eventsOf("b")).map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
});

test("counts each object's own", async () => {
  await record("c");
  await record("d");
  await record("c", { noun: "machine" });
  await record("c");
  expect((await eventsOf("c")).map(({ count }) => count)).toEqual([2, 1]);
});

test("many at once are recorded in their order, and counted as if they had come one by one", async () => {
  await record("many-a");
  const [same, other] = [event("many-a"), event("many-a", { message: "still no" })];
  await recordEvents(database.sql, [same, event("many-b"), same, other, event("many-b"), other, same]);
  expect(await eventsOf("many-a")).toEqual([
    { reason: "Retrying", message: "no", count: 3 },
    { reason: "Retrying", message: "still no", count: 2 },
    { reason: "Retrying", message: "no", count: 1 },
  ]);
  expect(await eventsOf("many-b")).toEqual([{ reason: "Retrying", message: "no", count: 2 }]);
});

test("cuts a message that is too long, and counts it all the same", async () => {
  await record("e", { message: "x".repeat(5_000) });
  await record("e", { message: "x".repeat(5_000) });
  expect(await eventsOf("e")).toEqual([{ reason: "Retrying", message: "x".repeat(2_000), count: 2 }]);
});

test("forgets what last happened long ago, also where it began before", async () => {
  await database.sql("DELETE FROM object_events");
  for (const id of ["old", "lasting", "new"]) await record(id);
  await database.sql("UPDATE object_events SET first_at = now() - interval '40 days' WHERE id <> 'new'");
  await database.sql("UPDATE object_events SET last_at = now() - interval '31 days' WHERE id = 'old'");
  expect(await pruneObjectEvents(database.sql, 30)).toBe(1);
  expect(await pruneObjectEvents(database.sql, 30)).toBe(0);
  expect((await database.sql<{ id: string }>("SELECT id FROM object_events ORDER BY id")).map(({ id }) => id)).toEqual([
    "lasting",
    "new",
  ]);
});
