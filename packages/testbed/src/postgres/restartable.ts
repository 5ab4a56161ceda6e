import type { EmbeddedPostgres } from "@berth/db/embedded/start.ts";
import { migrate } from "@berth/db/migrate/migrate.ts";
import { waitUntilGone } from "@berth/db/embedded/postmaster.ts";
import { makeThrowawayFolder } from "@berth/db/embedded/throwaway.ts";
import pg from "pg";

const NOTICED_MS = 15_000;

export interface RestartablePostgres {
  /** Of a migrated database; the same after every start. */
  url: string;
  /** As an admin would: clients are disconnected, all that was committed is kept. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster, as a crash would; over once its backends have noticed, which answer until then. */
  kill(): Promise<void>;
  /** Again on the same port, after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends it for good and removes its data. */
  remove(): Promise<void>;
}

/** Starts a PostgreSQL of one test's own, for tests of what happens when the database goes away. */
export async function startRestartablePostgres(): Promise<RestartablePostgres> {
  const folder = await makeThrowawayFolder();
  let server: EmbeddedPostgres;
  try {
    server = await folder.start();
    await migrate(server.url);
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return {
    url: server.url,
    stop: () => server.stop(),
    async kill() {
      const backends = await listBackends(server.url);
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      for (const pid of backends) {
        if (!(await waitUntilGone(pid, NOTICED_MS))) throw new Error(`backend ${pid} outlives its postmaster`);
      }
    },
    async start() {
      server = await folder.start(server.port);
    },
    remove: folder.remove,
  };
}

/** The process ids of those that serve clients, but for the one that is asked. */
async function listBackends(url: string): Promise<number[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  await client.end();
  return rows.map(({ pid }) => pid);
}
