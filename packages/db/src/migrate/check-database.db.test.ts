import { expect, inject, test } from "vitest";
import type {} from "@berth/testbed/postgres/global-setup.ts";
import { checkDatabase } from "./check-database.ts";

const { admin_url: adminUrl } = inject("postgres");

function changed(change: (url: URL) => void): string {
  const url = new URL(adminUrl);
  change(url);
  return url.href;
}

test("lets a database that works pass", async () => {
  await checkDatabase(adminUrl);
});

test.each([
  { fault: "nothing listens", change: (url: URL) => (url.port = "1"), says: "no PostgreSQL listens on 127.0.0.1:1" },
  {
    fault: "a wrong password",
    change: (url: URL) => (url.password = "hunter2"),
    says: 'does not let the user "berth" in',
  },
  { fault: "no such database", change: (url: URL) => (url.pathname = "none"), says: 'has no database "none"' },
  {
    fault: "no such host",
    change: (url: URL) => (url.hostname = "db.invalid"),
    says: "the host db.invalid can't be found",
  },
])("says in one line that it is $fault", async ({ change, says }) => {
  const url = changed(change);
  const message = await checkDatabase(url).then(String, (error: Error) => error.message);
  expect(message).toContain(says);
  expect(message).toMatch(/^DATABASE_URL: [^\n]*$/);
  expect(message).not.toContain(new URL(url).password);
});
