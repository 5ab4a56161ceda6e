import { embeddedFolder, layoutOf } from "@berth/db/embedded/layout.ts";
import { findRunningPostmaster } from "@berth/db/embedded/postmaster.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "@berth/db/embedded/start.ts";
import { checkDatabase } from "@berth/db/migrate/check-database.ts";
import { setTimeout as delay } from "node:timers/promises";

export interface Database {
  url: string;
  /** Returns when nothing of it runs any more; a database that was there before Berth is left alone. */
  stop(): Promise<void>;
}

/** The database that DATABASE_URL names, once it is known to work; without it, Berth's own in the data dir. */
export async function openDatabase(
  databaseUrl: string | undefined,
  dataDir: string,
  say: (line: string) => void,
): Promise<Database> {
  if (databaseUrl === undefined) return superviseEmbedded(embeddedFolder(dataDir), say);
  await checkDatabase(databaseUrl);
  return { url: databaseUrl, stop: async () => {} };
}

const RESTART_DELAY_MS = 1_000;

/** Starts the embedded PostgreSQL, and starts it again, where its clients look for it, when it ends by itself. */
async function superviseEmbedded(folder: string, say: (line: string) => void): Promise<Database> {
  const stopping = new AbortController();
  let postgres = await startEmbeddedPostgres({ dataDir: folder });
  const { url, port } = postgres;

  const supervise = async (): Promise<void> => {
    for (;;) {
      await postgres.exited;
      if (stopping.signal.aborted) return;
      say(`PostgreSQL ended by itself: starting it again (${layoutOf(folder).previousLog})`);
      const next = await restart();
      if (!next) return;
      postgres = next;
      if (stopping.signal.aborted) await postgres.stop();
    }
  };
  const restart = async (): Promise<EmbeddedPostgres | null> => {
    while (!stopping.signal.aborted) {
      try {
        return await startEmbeddedPostgres({ dataDir: folder, port });
      } catch (error) {
        say(`PostgreSQL: ${(error as Error).message}`);
        await delay(RESTART_DELAY_MS);
      }
    }
    return null;
  };
  const supervised = supervise();
  return {
    url,
    async stop() {
      stopping.abort();
      await postgres.stop();
      await supervised;
    },
  };
}

/** Ends the embedded PostgreSQL without a checkpoint, if it runs; it recovers at its next start. */
export async function killDatabase(dataDir: string): Promise<void> {
  const postmaster = await findRunningPostmaster(layoutOf(embeddedFolder(dataDir)).cluster);
  if (postmaster) process.kill(postmaster.pid, "SIGQUIT");
}
