import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PRISMA_FOLDER, readMigrations, toMigrationList } from "./read-migrations.ts";
import { openSchemaEngine } from "./schema-engine.ts";
import { TransactionalPg } from "./transactional-adapter.ts";

export function readSchema(): Promise<string> {
  return readFile(join(PRISMA_FOLDER, "schema.prisma"), "utf8");
}

/**
 * The SQL that turns what the migrations make into what schema.prisma says; an empty string where they agree.
 * Works in a database of its own on that server, whose role must be allowed to create one.
 */
export async function diffSchema(databaseUrl: string, schema?: string): Promise<string> {
  const content = schema ?? (await readSchema());
  const adapter = new TransactionalPg(databaseUrl);
  try {
    const engine = await openSchemaEngine(adapter);
    const { exitCode, stdout } = await engine.diff({
      from: { tag: "migrations", ...toMigrationList(await readMigrations()) },
      to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return exitCode === 0 ? "" : (stdout ?? "");
  } finally {
    await adapter.dispose();
  }
}
