import { useTestDatabase } from "@berth/testbed/rows/use-test-database.ts";
import { insertContainer } from "@berth/testbed/rows/insert-rows.ts";
import { expect, test } from "vitest";
import { pruneAccounts } from "./prune.ts";

const database = useTestDatabase();

test("forgets what ended, each kind after its time, and nothing else", async () => {
  const { sql } = database;
  await sql("INSERT INTO users (account, password) VALUES ('li', '-')");
  await sql(
    `INSERT INTO sessions (user_id, token_epoch, expires_at, page_key_hash)
     SELECT user_id, 0, now() + ends, '' FROM users, unnest('{-1 second, 1 hour}'::interval[]) AS ends`,
  );
  await sql(
    `INSERT INTO api_tokens (user_id, name, scope, token_hash, token_epoch, expires_at)
     SELECT user_id, name, 'read', convert_to(name, 'UTF8'), 0, now() + ends
     FROM users, (VALUES ('old', interval '-31 days'), ('ended', '-29 days'), ('good', '1 day')) AS token (name, ends)`,
  );
  await sql(
    `INSERT INTO invitations (code_hash, note, uses_left, created_by, created_at, expires_at)
     SELECT convert_to(note, 'UTF8'), note, uses, 1, now() + made, now() + ends
     FROM (VALUES ('expired long ago', 1, interval '-60 days', interval '-31 days'), ('expired', 1, '-60 days', '-1 day'),
                  ('used up long ago', 0, '-31 days', '1 day'), ('used up', 0, '-1 day', '1 day'),
                  ('good', 1, '-60 days', '1 day')) AS invitation (note, uses, made, ends)`,
  );
  await sql(
    `INSERT INTO join_tokens (token_hash, public_url, created_by, expires_at)
     SELECT convert_to(ends::text, 'UTF8'), 'http://berth.lab', user_id, now() + ends
     FROM users, unnest('{-31 days, -29 days, 1 hour}'::interval[]) AS ends`,
  );
  await sql(
    `INSERT INTO attempts (kind, address, account, at)
     SELECT 'login', '10.0.0.1', 'li', now() - ago FROM unnest('{61 minutes, 59 minutes}'::interval[]) AS ago`,
  );
  await sql(
    `INSERT INTO idempotency_keys (user_id, key, request_hash, created_at)
     SELECT 1, ago::text, '', now() - ago FROM unnest('{25 hours, 23 hours}'::interval[]) AS ago`,
  );
  const { container_id } = await insertContainer(sql, { user_id: 1 });
  await sql(
    `INSERT INTO proxy_codes (code_hash, user_id, container_id, port, credential, expires_at)
     SELECT convert_to(ends::text, 'UTF8'), 1, $1, 'web', '{}', now() + ends
     FROM unnest('{-1 second, 30 seconds}'::interval[]) AS ends`,
    [container_id],
  );
  await sql(
    `INSERT INTO proxy_sessions (token_hash, user_id, container_id, credential, expires_at)
     SELECT convert_to(ends::text, 'UTF8'), 1, $1, '{}', now() + ends
     FROM unnest('{-1 second, 1 hour}'::interval[]) AS ends`,
    [container_id],
  );

  expect(await pruneAccounts(sql)).toEqual({
    sessions: 1,
    api_tokens: 1,
    invitations: 2,
    join_tokens: 1,
    attempts: 1,
    proxy_codes: 1,
    proxy_sessions: 1,
    idempotency_keys: 1,
  });
  const left = async (rows: string) => (await sql<{ name: string }>(`${rows} ORDER BY 1`)).map(({ name }) => name);
  expect(await left("SELECT name FROM api_tokens")).toEqual(["ended", "good"]);
  expect(await left("SELECT note AS name FROM invitations")).toEqual(["expired", "good", "used up"]);
  expect(await pruneAccounts(sql)).toEqual({
    sessions: 0,
    api_tokens: 0,
    invitations: 0,
    join_tokens: 0,
    attempts: 0,
    proxy_codes: 0,
    proxy_sessions: 0,
    idempotency_keys: 0,
  });
});
