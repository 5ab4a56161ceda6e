import { readMigrations } from "@berth/db/migrate/read-migrations.ts";
import type { Sql } from "@berth/db/sql.ts";
import type { FastifyInstance } from "fastify";

/** `/healthz`: this process is alive. `/readyz`: it can serve, because the database answers and is migrated. */
export function registerHealth(app: FastifyInstance, { sql }: { sql: Sql }): void {
  app.get("/healthz", { logLevel: "warn" }, () => ({ alive: true }));
  app.get("/readyz", { logLevel: "warn" }, async (request, reply) => {
    try {
      const missing = await missingMigrations(sql);
      if (missing.length === 0) return { ready: true };
      return await reply.code(503).send({ ready: false, reason: `migrations are missing: ${missing.join(", ")}` });
    } catch (error) {
      request.log.warn({ err: error }, "not ready");
      return reply.code(503).send({ ready: false, reason: "the database does not answer" });
    }
  });
}

/** This release's migrations that the database has not had. */
export async function missingMigrations(sql: Sql): Promise<string[]> {
  const migrations = await readMigrations();
  const [history] = await sql<{ found: string | null }>("SELECT to_regclass('_prisma_migrations')::text AS found");
  if (!history?.found) return migrations.map(({ name }) => name);
  const rows = await sql<{ migration_name: string }>(
    "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const done = new Set(rows.map((row) => row.migration_name));
  return migrations.map(({ name }) => name).filter((name) => !done.has(name));
}
