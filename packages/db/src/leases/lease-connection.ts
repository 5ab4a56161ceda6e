import pg from "pg";
import { pgSql } from "../sql.ts";
import { createShardLeases, type ShardLeases } from "./shard-leases.ts";

export interface LeaseConnection {
  leases: ShardLeases;
  close(): Promise<void>;
}

/**
 * A connection of its own for the leases of `holder`, registered. `onEnd` is called once if it breaks: others can see
 * that too, and may take over at once.
 */
export async function connectLeases(
  databaseUrl: string,
  holder: string,
  durationMs: number,
  onEnd: (error: Error | null) => void,
): Promise<LeaseConnection> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: "berth-reconciler-lease",
    connectionTimeoutMillis: 3_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  let isOver = false;
  const end = (error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    onEnd(error);
  };
  client.on("error", end);
  client.on("end", () => end(null));
  await client.connect();
  const leases = createShardLeases(pgSql(client), holder, durationMs);
  try {
    await leases.register();
  } catch (error) {
    isOver = true;
    await client.end();
    throw error;
  }
  return {
    leases,
    async close() {
      isOver = true;
      await client.end();
    },
  };
}
