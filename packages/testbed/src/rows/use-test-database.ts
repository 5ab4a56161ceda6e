import { createPool, type Pool } from "@berth/db/pool.ts";
import { pgSql, type Sql } from "@berth/db/sql.ts";
import { afterAll, beforeAll } from "vitest";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";

/** Of its pool. */
export const CONNECTIONS = 10;

export interface UsedDatabase {
  readonly url: string;
  readonly pool: Pool;
  readonly sql: Sql;
}

/** One database for the tests of a file, with a pool on it. Its fields can be read once the tests run. */
export function useTestDatabase(): UsedDatabase {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    // The pool's own backends are ended with the database: that is no failure of a test.
    pool = createPool(database.url, { max: CONNECTIONS, applicationName: "berth-test", onError: () => undefined });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  return {
    get url() {
      return database.url;
    },
    get pool() {
      return pool;
    },
    get sql() {
      return pgSql(pool);
    },
  };
}
