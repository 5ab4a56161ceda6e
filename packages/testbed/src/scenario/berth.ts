import type { Container } from "@berth/spec/container.ts";
import pg from "pg";
import { waitUntil } from "../fleet/wait-until.ts";
import { createTestDatabase, type TestDatabase } from "../postgres/test-database.ts";
import { type ApiServer, type ApiServerOptions, startApiServer } from "./api-server.ts";
import { type ReconcilerProcess, type ReconcilerProcessOptions, startReconcilerProcess } from "./reconciler-process.ts";

/** A whole Berth: a database of its own, and the real server and reconciler as processes. No machine yet. */
export class Berth {
  readonly database_url: string;
  readonly server: ApiServer;
  reconciler: ReconcilerProcess;
  readonly #dropDatabase: () => Promise<void>;

  constructor(database: TestDatabase, server: ApiServer, reconciler: ReconcilerProcess) {
    this.database_url = database.url;
    this.#dropDatabase = database.drop;
    this.server = server;
    this.reconciler = reconciler;
  }

  get admin(): ApiServer["admin"] {
    return this.server.admin;
  }

  /** Ends the reconciler as an admin would and starts another, which knows nothing but what the database says. */
  async restartReconciler(options: Pick<ReconcilerProcessOptions, "crashAt"> = {}): Promise<void> {
    await this.reconciler.stop();
    await this.startReconciler(options);
  }

  /** After the last one has ended. */
  async startReconciler(options: Pick<ReconcilerProcessOptions, "crashAt" | "hasProbes"> = {}): Promise<void> {
    const { database_url: databaseUrl, server } = this;
    this.reconciler = await startReconcilerProcess({ databaseUrl, secretKey: server.secret_key, ...options });
  }

  /** Deletes every container through the API, or these, and resolves when their engines have none of them. */
  async deleteContainers(only?: readonly Pick<Container, "container_id">[]): Promise<void> {
    const ids = only && new Set(only.map(({ container_id }) => container_id));
    const list = async (): Promise<Container[]> => {
      const { items } = await this.admin.container.list.query({ scope: "all", limit: 500 });
      return items.filter(({ container_id }) => ids?.has(container_id) ?? true);
    };
    // One that is being deleted may be gone before it is asked for.
    const others = (await list()).filter(({ desired }) => desired !== "removed");
    for (const { container_id } of others) await this.admin.container.delete.mutate({ container_id });
    await waitUntil("the containers to be gone", 90_000, async () => (await list()).length === 0);
  }

  /** One statement on the database itself, for what no API tells or writes. */
  async query<Row extends pg.QueryResultRow>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.database_url });
    await client.connect();
    try {
      return (await client.query<Row>(statement, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** The label by which engines tell this Berth's containers from another's. */
  async readInstallation(): Promise<string> {
    const [row] = await this.query<{ value: string }>("SELECT value FROM settings WHERE key = 'installation'");
    if (!row) throw new Error("this Berth has no installation yet");
    return row.value;
  }

  /** What is on engines stays there. */
  async close(): Promise<void> {
    await this.reconciler.stop();
    await this.server.stop();
    await this.#dropDatabase();
  }
}

/** Outside of a test run, `database` is the caller's: migrated and empty. */
export async function startBerth(
  database?: TestDatabase,
  options: Pick<ApiServerOptions, "host" | "ssh"> & Pick<ReconcilerProcessOptions, "hasProbes"> = {},
): Promise<Berth> {
  database ??= await createTestDatabase();
  const { hasProbes = false, ...ofServer } = options;
  const server = await startApiServer({ databaseUrl: database.url, ...ofServer });
  const reconciler = await startReconcilerProcess({
    databaseUrl: database.url,
    secretKey: server.secret_key,
    hasProbes,
  });
  return new Berth(database, server, reconciler);
}
