import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm/schema_engine_bg";

export const PRISMA_FOLDER = fileURLToPath(new URL("../../prisma/", import.meta.url));

export interface Migration {
  name: string;
  sql: string;
}

/** The migrations of this release, oldest first. */
export async function readMigrations(folder = join(PRISMA_FOLDER, "migrations")): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => ({ name, sql: await readFile(join(folder, name, "migration.sql"), "utf8") })),
  );
}

/** The form in which the schema engine takes them. */
export function toMigrationList(migrations: Migration[]): MigrationList {
  return {
    baseDir: "prisma/migrations",
    shadowDbInitScript: "",
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"' },
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok", value: sql } },
    })),
  };
}
