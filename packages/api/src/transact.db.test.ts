import { createDb } from "@berth/db/client.ts";
import { createTestDatabase } from "@berth/testbed/postgres/test-database.ts";
import { expect, test } from "vitest";
import { transact } from "./transact.ts";

test("runs a transaction again that lost a deadlock", async () => {
  const database = await createTestDatabase();
  const db = createDb(database.url);
  await db.settings.createMany({ data: ["a", "b"].map((key) => ({ key, value: 0 })) });
  const bothHoldOne = Promise.withResolvers<void>();
  let [attempts, held] = [0, 0];
  const lockBoth = (first: string, second: string) =>
    transact(db, async (tx) => {
      attempts += 1;
      await tx.$queryRaw`SELECT key FROM settings WHERE key = ${first} FOR UPDATE`;
      held += 1;
      if (held === 2) bothHoldOne.resolve();
      await bothHoldOne.promise;
      await tx.$queryRaw`SELECT key FROM settings WHERE key = ${second} FOR UPDATE`;
      await tx.settings.update({ where: { key: second }, data: { value: attempts } });
    });
  await Promise.all([lockBoth("a", "b"), lockBoth("b", "a")]);
  expect(attempts).toBeGreaterThan(2);
  await db.$disconnect();
  await database.drop();
});
