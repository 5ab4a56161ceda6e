import type { EventToRecord } from "@berth/db/object-events/record.ts";
import type { Sql } from "@berth/db/sql.ts";
import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createTold } from "./told.ts";

const database = useTestDatabase();
const event = (id: string, message: string): EventToRecord => ({
  noun: "container",
  id,
  kind: "normal",
  reason: "Started",
  message,
});
const messagesOf = async (id: string): Promise<string[]> =>
  (
    await database.sql<{ message: string }>("SELECT message FROM object_events WHERE id = $1 ORDER BY event_id", [id])
  ).map(({ message }) => message);

function logged() {
  const lines: { msg: string; event: EventToRecord }[] = [];
  return { lines, log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }) };
}

test("records what it was told, in order, and resolves when all of it is there", async () => {
  const told = createTold(database.sql, logged().log);
  const messages = Array.from({ length: 50 }, (_, i) => `event ${i}`);
  for (const message of messages) told.tell(event("a", message));
  await told.flush();
  expect(await messagesOf("a")).toEqual(messages);
  told.tell(event("a", "later"));
  await told.flush();
  expect(await messagesOf("a")).toEqual([...messages, "later"]);
});

test("writes what waits in one statement", async () => {
  let statements = 0;
  const sql: Sql = (text, parameters) => {
    statements += 1;
    return database.sql(text, parameters);
  };
  const told = createTold(sql, logged().log);
  for (let i = 0; i < 100; i += 1) told.tell(event("together", `event ${i}`));
  await told.flush();
  expect(statements).toBe(2); // the first one waits for nobody
  expect(await messagesOf("together")).toHaveLength(100);
});

test("has nothing to wait for where nothing was told", async () => {
  await createTold(database.sql, logged().log).flush();
});

test("logs what could not be recorded, and goes on with the next", async () => {
  const { lines, log } = logged();
  const sql: Sql = async (text, parameters) => {
    if (JSON.stringify(parameters).includes('"bad"')) throw new Error("the database is away");
    return database.sql(text, parameters);
  };
  const told = createTold(sql, log);
  for (const message of ["good", "bad", "good too"]) told.tell(event("b", message));
  await told.flush();
  expect(await messagesOf("b")).toEqual(["good", "good too"]);
  expect(lines).toMatchObject([{ msg: "an object's event could not be recorded", event: { message: "bad" } }]);
});

test("drops what comes while too many wait, says so, and takes more once there is room", async () => {
  const { lines, log } = logged();
  const answered = Promise.withResolvers<never[]>();
  let recorded = 0;
  const told = createTold(async () => {
    recorded += 1;
    return answered.promise;
  }, log);
  for (let i = 0; i < 50_003; i += 1) told.tell(event("c", `event ${i}`));
  expect(lines.map((line) => line.event.message)).toEqual(["event 50001", "event 50002"]); // one is being written
  answered.resolve([]);
  await told.flush();
  expect(recorded).toBe(1 + 50_000 / 500);
  told.tell(event("c", "again"));
  await told.flush();
  expect(recorded).toBe(1 + 50_000 / 500 + 1);
});
