import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.ts";

export type Db = PrismaClient;
/** Inside `$transaction`. */
export type Tx = Parameters<Parameters<PrismaClient["$transaction"]>[0]>[0];

export const createDb = (databaseUrl: string): Db =>
  new PrismaClient({
    adapter: new PrismaPg(
      { connectionString: databaseUrl, connectionTimeoutMillis: 5_000, query_timeout: 15_000 },
      { statementNameGenerator: createStatementNames() },
    ),
  });

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
