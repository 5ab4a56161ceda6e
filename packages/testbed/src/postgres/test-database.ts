import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type {} from "./global-setup.ts"; // declares what is injected
import { administer, dropDatabase, withDatabase } from "./template.ts";

export interface TestDatabase {
  url: string;
  /** Ends the connections that are left, and removes the database. */
  drop(): Promise<void>;
}

/** A migrated, empty database of the caller's own: a copy of the run's template, in some 50 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { admin_url: adminUrl, template } = inject("postgres");
  const name = `berth_test_${randomBytes(8).toString("hex")}`;
  await administer(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: withDatabase(adminUrl, name), drop: () => dropDatabase(adminUrl, name) };
}
