import pg from "pg";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { administer, withDatabase } from "@berth/testbed/postgres/template.ts";
import { migrate } from "./migrate.ts";

const FIRST = {
  name: "20260101000000_first",
  sql: "CREATE TABLE berths (berth_id int); INSERT INTO berths VALUES (1);",
};
const SECOND = { name: "20260102000000_second", sql: "ALTER TABLE berths ADD COLUMN name text;" };
const BROKEN = { name: SECOND.name, sql: "CREATE TABLE leftover (id int); SELECT 1 / 0;" };

const { admin_url: adminUrl } = inject("postgres");
let name: string;
let url: string;

beforeEach(async () => {
  name = `berth_migrate_${crypto.randomUUID().slice(0, 8)}`;
  await administer(adminUrl, `CREATE DATABASE ${name}`);
  url = withDatabase(adminUrl, name);
});
afterEach(() => administer(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`));

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("applies what is missing, in order, and says so", async () => {
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  expect(await migrate(url, { migrations: [FIRST], say })).toEqual([FIRST.name]);
  expect(await migrate(url, { migrations: [FIRST, SECOND], say })).toEqual([SECOND.name]);
  expect(await migrate(url, { migrations: [FIRST, SECOND], say })).toEqual([]);
  expect(lines).toEqual([`applied migration ${FIRST.name}`, `applied migration ${SECOND.name}`]);
  expect(await query("SELECT * FROM berths")).toEqual([{ berth_id: 1, name: null }]);
});

test("lets one of two processes that start together migrate, and the other find it done", async () => {
  const applied = await Promise.all([1, 2, 3].map(() => migrate(url, { migrations: [FIRST, SECOND] })));
  expect(applied.flat()).toEqual([FIRST.name, SECOND.name]);
  expect(await query("SELECT * FROM berths")).toHaveLength(1);
});

test("keeps the bodies of functions whole", async () => {
  const sql = "CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$;";
  await migrate(url, { migrations: [{ name: "20260101000000_function", sql }] });
  expect(await query("SELECT two()")).toEqual([{ two: 2 }]);
});

test("leaves nothing of a migration that fails, names the fault, and runs it again when it is mended", async () => {
  await expect(migrate(url, { migrations: [FIRST, BROKEN] })).rejects.toThrow(/rolled back: division by zero/);
  expect(await query("SELECT to_regclass('leftover') AS leftover")).toEqual([{ leftover: null }]);

  expect(await migrate(url, { migrations: [FIRST, SECOND] })).toEqual([SECOND.name]);
});

test("runs again a migration during which the process was killed", async () => {
  await migrate(url, { migrations: [FIRST] });
  // What a kill -9 leaves: the engine has noted the start, and PostgreSQL has rolled the script back.
  await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at)
               VALUES ('killed', 'of-some-text', '${SECOND.name}', now())`);
  expect(await migrate(url, { migrations: [FIRST, SECOND] })).toEqual([SECOND.name]);
  expect(await migrate(url, { migrations: [FIRST, SECOND] })).toEqual([]);
});

test("records a migration as finished in its own transaction", async () => {
  const watch = `CREATE TABLE finishes (xid text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO finishes VALUES (pg_current_xact_id()::text); RETURN NEW; END $$;
    CREATE TRIGGER note BEFORE UPDATE OF finished_at ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION note();`;
  const witness = "CREATE TABLE witness AS SELECT pg_current_xact_id()::text AS xid -- and no semicolon";
  await migrate(url, { migrations: [{ name: FIRST.name, sql: watch }] });
  await migrate(url, {
    migrations: [
      { name: FIRST.name, sql: watch },
      { name: SECOND.name, sql: witness },
    ],
  });
  expect(await query("SELECT count(*)::int AS together FROM witness JOIN finishes USING (xid)")).toEqual([
    { together: 1 },
  ]);
});

test("says that the user may not make tables", async () => {
  const role = `${name}_reader`;
  await query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'`);
  const asReader = new URL(url);
  [asReader.username, asReader.password] = [role, "reader"];
  await expect(migrate(asReader.href, { migrations: [FIRST] })).rejects.toThrow(
    /^the database's user may not make tables: permission denied for schema public$/,
  );
  await query(`DROP ROLE ${role}`);
});

test("refuses a database that a newer release has migrated, and names the migration", async () => {
  await migrate(url, { migrations: [FIRST, SECOND] });
  await expect(migrate(url, { migrations: [FIRST] })).rejects.toThrow(/newer than this Berth: it has .*_second/);
});

test("refuses a database that was made with another text of a migration", async () => {
  await migrate(url, { migrations: [FIRST] });
  const edited = { ...FIRST, sql: `${FIRST.sql} -- edited` };
  await expect(migrate(url, { migrations: [edited] })).rejects.toThrow(/another text of 20260101000000_first/);
});
