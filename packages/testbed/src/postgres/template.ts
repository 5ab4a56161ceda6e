import { randomBytes } from "node:crypto";
import { migrate } from "@berth/db/migrate/migrate.ts";
import pg from "pg";

/** Makes a migrated, otherwise empty database that tests clone, and returns its name. */
export async function createTemplate(adminUrl: string): Promise<string> {
  const name = `berth_template_${randomBytes(6).toString("hex")}`;
  await administer(adminUrl, `CREATE DATABASE ${name}`);
  await migrate(withDatabase(adminUrl, name));
  await administer(adminUrl, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`); // one connection would block every clone
  return name;
}

export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await administer(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Runs one statement on a connection of its own, as CREATE and DROP DATABASE want it. Answers how many rows came of it. */
export async function administer(adminUrl: string, statement: string): Promise<number> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

export function withDatabase(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = name;
  return url.href;
}
