import { MigrationError } from "./error.ts";
import { withMigrationLock } from "./lock.ts";
import { readMigrations, toMigrationList, type Migration } from "./read-migrations.ts";
import { openSchemaEngine, type SchemaEngine } from "./schema-engine.ts";
import { TransactionalPg } from "./transactional-adapter.ts";

const NO_FILTER = { externalTables: [], externalEnums: [] };

export interface MigrateOptions {
  /** Told one line for each thing that happens. */
  say?: (line: string) => void;
  /** This release's, unless a test brings its own. */
  migrations?: Migration[];
}

/**
 * Brings the database to this release's schema and returns the names of the migrations that it applied. One process
 * migrates at a time; each migration is one transaction, so a kill at any moment leaves a database that the next call
 * takes further.
 *
 * Throws a `MigrationError`, having changed nothing, for a database that a newer Berth has migrated.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<string[]> {
  const say = options.say ?? (() => {});
  const migrations = options.migrations ?? (await readMigrations());
  const onWait = () => say("another process is migrating this database: waiting for it");
  return withMigrationLock(databaseUrl, onWait, async () => {
    const adapter = new TransactionalPg(databaseUrl, migrations);
    try {
      const engine = await openSchemaEngine(adapter);
      await prepare(engine, migrations, say);
      const applied = await apply(engine, adapter, migrations);
      for (const name of applied) say(`applied migration ${name}`);
      return applied;
    } finally {
      await adapter.dispose();
    }
  });
}

/** Refuses a history that this release does not know, and clears the record of a migration that was cut short. */
async function prepare(engine: SchemaEngine, migrations: Migration[], say: (line: string) => void): Promise<void> {
  const migrationsList = toMigrationList(migrations);
  const state = await engine.diagnoseMigrationHistory({
    migrationsList,
    optInToShadowDatabase: false,
    filters: NO_FILTER,
  });
  if (state.history && "unpersistedMigrationNames" in state.history) {
    throw new MigrationError(
      `the database is newer than this Berth: it has ${state.history.unpersistedMigrationNames.join(", ")}. ` +
        "Start the newer release again, or restore the backup made before the upgrade",
    );
  }
  const edited = state.editedMigrationNames.filter((name) => !state.failedMigrationNames.includes(name));
  if (edited.length > 0) {
    throw new MigrationError(
      `the database was made with another text of ${edited.join(", ")}: ` +
        "start the release that made it, or an empty database",
    );
  }
  for (const migrationName of state.failedMigrationNames) {
    // "Finished" is recorded in the migration's own transaction: without it, nothing of the migration is there.
    await engine.markMigrationRolledBack({ migrationName });
    say(`migration ${migrationName} was cut short and left nothing behind: running it again`);
  }
}

async function apply(engine: SchemaEngine, adapter: TransactionalPg, migrations: Migration[]): Promise<string[]> {
  try {
    const input = { migrationsList: toMigrationList(migrations), filters: NO_FILTER };
    return (await engine.applyMigrations(input)).appliedMigrationNames;
  } catch (error) {
    const [refusal] = /permission denied[^\n]*/.exec((error as Error).message) ?? [];
    if (refusal) throw new MigrationError(`the database's user may not make tables: ${refusal}`, { cause: error });
    const cause = adapter.scriptError;
    if (!(cause instanceof Error)) throw error;
    throw new MigrationError(`a migration failed and was rolled back: ${cause.message}`, { cause });
  }
}
