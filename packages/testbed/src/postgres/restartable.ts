import type { EmbeddedPostgres } from "@berth/db/embedded/start.ts";
import { migrate } from "@berth/db/migrate/migrate.ts";
import { makeThrowawayFolder } from "@berth/db/embedded/throwaway.ts";

export interface RestartablePostgres {
  /** Of a migrated database; the same after every start. */
  url: string;
  /** As an admin would: clients are disconnected, all that was committed is kept. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster: as a crash would. */
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
      process.kill(server.pid, "SIGKILL");
      await server.exited;
    },
    async start() {
      server = await folder.start(server.port);
    },
    remove: folder.remove,
  };
}
