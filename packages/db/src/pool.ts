import pg from "pg";

export type Pool = pg.Pool;

/** For the reconciler's hot paths; the API goes through Prisma (client.ts). */
export function createPool(
  databaseUrl: string,
  options: { max: number; applicationName: string; onError: (error: Error) => void },
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    // No statement of ours takes longer; a connection that a network ate must not hold a key for ever.
    query_timeout: 15_000,
    keepAlive: true,
  });
  // An idle connection's end (a database restart) is no failure: the next query opens another.
  pool.on("error", options.onError);
  return pool;
}
