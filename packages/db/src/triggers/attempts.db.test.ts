import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { expect, test } from "vitest";

const database = useTestDatabase();

interface Counted {
  wait_s: number;
  counted_id: string | null;
}

/** At most 3 of one account and 5 of one address, in `within`. */
async function count(address: string, account: string, within = "1 hour"): Promise<Counted> {
  const [row] = await database.sql<Counted>("SELECT * FROM count_attempt('login', $1, $2, 3, 5, $3::interval)", [
    address,
    account,
    within,
  ]);
  return row!;
}

/** As it is known after the password was looked at. */
const fail = () => database.sql("UPDATE attempts SET decided = true");

test("refuses an account from one address after so many attempts, and says for how long", async () => {
  for (let attempt = 0; attempt < 3; attempt += 1) expect(await count("a", "li")).toMatchObject({ wait_s: 0 });
  await fail();
  const refused = await count("a", "li");
  expect(refused.counted_id).toBeNull();
  expect(refused.wait_s).toBeGreaterThan(3_500);
  expect(refused.wait_s).toBeLessThanOrEqual(3_600);
  expect(await count("a", "wang")).toMatchObject({ wait_s: 0 });
  expect(await count("b", "li")).toMatchObject({ wait_s: 0 });
});

test("counts all accounts of an address together", async () => {
  for (let attempt = 0; attempt < 5; attempt += 1) expect((await count("c", `u${attempt}`)).wait_s).toBe(0);
  await fail();
  expect((await count("c", "another")).wait_s).toBeGreaterThan(0);
});

test("lets no more through when many come at once over many connections", async () => {
  const counted = await Promise.all(Array.from({ length: 40 }, () => count("d", "li")));
  expect(counted.filter(({ counted_id }) => counted_id !== null)).toHaveLength(3);
});

test("has who comes while others are under way ask again, and counts what nobody has decided as failed in the end", async () => {
  for (let attempt = 0; attempt < 3; attempt += 1) await count("f", "li");
  expect(await count("f", "li")).toEqual({ wait_s: 0, counted_id: null });
  await database.sql("UPDATE attempts SET at = at - interval '40 seconds' WHERE address = 'f'");
  expect((await count("f", "li")).wait_s).toBeGreaterThan(0);
});

test("forgets what is older than the window", async () => {
  for (let attempt = 0; attempt < 3; attempt += 1) await count("e", "li");
  await database.sql("UPDATE attempts SET at = at - interval '2 hours' WHERE address = 'e'");
  expect(await count("e", "li")).toMatchObject({ wait_s: 0 });
  expect(await database.sql("SELECT count(*)::int AS kept FROM attempts WHERE address = 'e'")).toEqual([{ kept: 1 }]);
});
