import pg from "pg";
import { MigrationError } from "./error.ts";

const OLDEST_POSTGRES = 15;

/** Throws a MigrationError that says what is wrong with DATABASE_URL, in one line and without its password. */
export async function checkDatabase(databaseUrl: string): Promise<void> {
  if (!URL.canParse(databaseUrl)) {
    throw new MigrationError("DATABASE_URL: must be a URL such as postgresql://user:password@host:5432/berth");
  }
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // a connection that ends later rejects the query below
  let version: number;
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS version",
    );
    version = rows[0]?.version ?? 0;
  } catch (cause) {
    throw new MigrationError(`DATABASE_URL: ${explain(client, cause as Error & { code?: string })}`, { cause });
  } finally {
    await client.end();
  }
  if (version < OLDEST_POSTGRES) {
    throw new MigrationError(
      `DATABASE_URL: this is PostgreSQL ${version}, and Berth needs ${OLDEST_POSTGRES} or newer`,
    );
  }
}

function explain({ host, port, user, database }: pg.Client, cause: Error & { code?: string }): string {
  switch (cause.code) {
    case "ECONNREFUSED":
      return `no PostgreSQL listens on ${host}:${port}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host ${host} can't be found`;
    case "28P01":
    case "28000":
      return `${host}:${port} does not let the user "${user}" in: ${cause.message}`;
    case "3D000":
      return `${host}:${port} has no database "${database}": create it first`;
    default:
      return `${host}:${port} can't be used: ${cause.message}`;
  }
}
