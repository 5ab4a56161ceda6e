import { randomUUID } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import pg from "pg";
import { readCharColumns } from "./read-char-columns.ts";
import type { Migration } from "./read-migrations.ts";

/** Runs in the migration's own transaction, so that the record says "finished" exactly when its changes are there. */
const RECORD_FINISHED = `
;
UPDATE _prisma_migrations SET finished_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL;`;

/**
 * Prisma's adapter, but a script goes to PostgreSQL as one message: PostgreSQL makes that one transaction. The original
 * cuts scripts at every semicolon, also inside a function's body, and commits each piece on its own.
 */
export class TransactionalPg implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName = "@prisma/adapter-pg";
  /** The last failure of a script, in PostgreSQL's own words; the schema engine passes on only part of it. */
  scriptError: unknown;
  readonly #url: string;
  readonly #migrations: Set<string>;
  readonly #open: SqlDriverAdapter[] = [];

  constructor(url: string, migrations: Migration[] = []) {
    this.#url = url;
    this.#migrations = new Set(migrations.map(({ sql }) => sql));
  }

  connect(): Promise<SqlDriverAdapter> {
    return this.#connect(this.#url, (script) => (this.#migrations.has(script) ? script + RECORD_FINISHED : script));
  }

  /** A database of its own on the same server, for computing a diff; it goes with its adapter. */
  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const name = `berth_shadow_${randomUUID()}`;
    const url = new URL(this.#url);
    url.pathname = name;
    await this.#administer(`CREATE DATABASE "${name}"`);
    const adapter = await this.#connect(url.href, (script) => script);
    const dispose = adapter.dispose.bind(adapter);
    adapter.dispose = async () => {
      await dispose();
      await this.#administer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    };
    return adapter;
  }

  /** Closes every connection that the schema engine left open. */
  async dispose(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((adapter) => adapter.dispose()));
  }

  async #connect(url: string, complete: (script: string) => string): Promise<SqlDriverAdapter> {
    const adapter = await new PrismaPg({ connectionString: url, application_name: "berth-migrate" }).connect();
    const pool = adapter.underlyingDriver();
    adapter.executeScript = async (script) => {
      try {
        await pool.query(complete(script));
      } catch (error) {
        this.scriptError = error;
        throw error;
      }
    };
    readCharColumns(adapter, pool);
    const dispose = adapter.dispose.bind(adapter);
    let disposed: Promise<void> | undefined;
    adapter.dispose = () => (disposed ??= dispose());
    this.#open.push(adapter);
    return adapter;
  }

  async #administer(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
