import pg from "pg";

/** Any number, the same in every release. */
const MIGRATION_LOCK = 7_237_842_001;

/**
 * Runs `work` while no other process migrates this database. A process that dies loses its connection, and with it the
 * lock. `onWait` is called when another one has it.
 */
export async function withMigrationLock<T>(
  databaseUrl: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "berth-migrate-lock" });
  await client.connect();
  try {
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [
      MIGRATION_LOCK,
    ]);
    if (!rows[0]?.locked) {
      onWait();
      await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    }
    return await work();
  } finally {
    await client.end();
  }
}
