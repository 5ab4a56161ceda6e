import type { ClientBase, Pool } from "pg";

/**
 * One statement with `$1` parameters, answered as rows. Prisma's transactions and pg's pool both fit behind it, so that
 * what the API and the reconciler share (placement, events) is written once.
 */
export interface Sql {
  <Row>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

export const pgSql =
  (client: Pool | ClientBase): Sql =>
  async <Row>(text: string, parameters: readonly unknown[] = []) =>
    (await client.query(text, [...parameters])).rows as Row[];

/** The part of a Prisma client or transaction that `Sql` needs. */
interface RawQueries {
  $queryRawUnsafe(text: string, ...parameters: unknown[]): Promise<unknown>;
}

export const prismaSql =
  (client: RawQueries): Sql =>
  async <Row>(text: string, parameters: readonly unknown[] = []) =>
    (await client.$queryRawUnsafe(text, ...parameters)) as Row[];

/** Runs `work` in one transaction of its own connection. */
export async function inTransaction<Result>(pool: Pool, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Its connection may end at any moment, and while it is out of the pool nobody else listens: that would end the process.
  const onError = (error: Error): void => void (broken = error);
  client.on("error", onError);
  try {
    await client.query("BEGIN");
    const result = await work(pgSql(client));
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // A connection that can't even roll back must not go back into the pool.
    await client.query("ROLLBACK").catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.off("error", onError);
    client.release(broken);
  }
}
