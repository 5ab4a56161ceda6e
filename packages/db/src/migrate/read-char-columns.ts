import { ColumnTypeEnum, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import pg from "pg";

const { CHAR, TEXT } = pg.types.builtins;

/**
 * Lets Prisma's adapter read columns of PostgreSQL's one-byte type "char". Describing a schema needs the catalogue's,
 * and the adapter refuses them: https://github.com/prisma/prisma/issues/27403 is its kin for the type "name".
 */
export function readCharColumns(adapter: SqlDriverAdapter, pool: pg.Pool): void {
  const charColumns = new WeakMap<object, number[]>();

  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryArrayResult>;
  pool.query = (async (...args: unknown[]) => {
    const result = await query(...args);
    const indexes = [...(result.fields ?? []).keys()].filter((index) => result.fields[index]?.dataTypeID === CHAR);
    for (const index of indexes) result.fields[index]!.dataTypeID = TEXT; // which it takes
    if (indexes.length > 0) charColumns.set(result.rows, indexes);
    return result;
  }) as typeof pool.query;

  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (params) => {
    const result = await queryRaw(params);
    for (const index of charColumns.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
}
