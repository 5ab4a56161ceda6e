import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import { pgSql, type Sql } from "./sql.ts";

export type Db = PrismaClient;
/** Inside `$transaction`. */
export type Tx = Parameters<Parameters<PrismaClient["$transaction"]>[0]>[0];

const POOLS = new WeakMap<Db, pg.Pool>();

export function createDb(databaseUrl: string): Db {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
    // As Prisma reads it: pg would give a text.
    types: {
      getTypeParser: (oid: Parameters<typeof pg.types.getTypeParser>[0], format: "text" | "binary" = "text") =>
        oid === pg.types.builtins.INT8 && format !== "binary" ? BigInt : pg.types.getTypeParser(oid, format),
    },
  });
  // An idle connection's end (a database restart) is no failure: the next query opens another.
  pool.on("error", () => {});
  const adapter = new PrismaPg(pool, { statementNameGenerator: createStatementNames(), disposeExternalPool: true });
  const db = new PrismaClient({ adapter });
  POOLS.set(db, pool);
  return db;
}

/** Statements outside of a transaction over the connections that `db` has: pg alone takes half as long as Prisma for them. */
export function sqlOf(db: Db): Sql {
  const pool = POOLS.get(db);
  if (!pool) throw new Error("not a client that createDb has made");
  return pgSql(pool);
}

/** Of texts that differ by the length of a list there is no end, and each name costs every connection memory. */
const MAX_NAMES = 500;

/**
 * A name for each text of a statement, by which PostgreSQL keeps it prepared: parsing and planning is a third of what a
 * small query takes. Those that come when all names are given go without.
 */
function createStatementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const name = names.get(sql) ?? (names.size < MAX_NAMES ? `berth_${names.size}` : "");
    if (name !== "") names.set(sql, name);
    return name;
  };
}
