import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

const LOCK = "berth registry keeper";
/** A keeper that was just killed may still have its connection. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 200;
const RECONNECT_MS = 2_000;

/** Another process keeps the registry of this database. */
export class AnotherKeeperError extends Error {
  override readonly name = "AnotherKeeperError";
}

export interface OnlyKeeper {
  release(): Promise<void>;
}

/**
 * Makes this process the only one that keeps the registry of this database: two would end each other's. Throws
 * {@link AnotherKeeperError} where one does already. When the database was away the right is taken again.
 */
export async function becomeOnlyKeeper(databaseUrl: string, onLost: (error: Error) => void): Promise<OnlyKeeper> {
  const releasing = new AbortController();
  const { signal } = releasing;
  let client = await lock(databaseUrl, PATIENCE_MS);
  const watch = (): void => {
    client.once("end", () => void (signal.aborted ? undefined : regain()));
  };
  const regain = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await delay(RECONNECT_MS, undefined, { signal });
        client = await lock(databaseUrl, 0);
        if (signal.aborted) await client.end();
        else watch();
        return;
      } catch (error) {
        if (!signal.aborted) onLost(error as Error);
      }
    }
  };
  watch();
  return {
    async release() {
      releasing.abort();
      await client.end();
    },
  };
}

async function lock(databaseUrl: string, patienceMs: number): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "berth-registry-lock",
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  client.on("error", () => {}); // its end is what is acted upon
  await client.connect();
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { rows } = await client.query<{ ours: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS ours",
      [LOCK],
    );
    if (rows[0]?.ours) return client;
    if (performance.now() >= deadline) break;
    await delay(RETRY_MS);
  }
  await client.end();
  throw new AnotherKeeperError("another process keeps the registry of this database already (npm start has one)");
}
