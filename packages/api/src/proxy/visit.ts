import type { Db } from "@berth/db/client.ts";
import type { Sql } from "@berth/db/sql.ts";
import { type ContainerPort, ContainerPorts } from "@berth/spec/create-params.ts";
import { actorOf } from "../auth/credential.ts";
import { StoredCredential } from "../auth/stored-credential.ts";
import type { Actor } from "../context.ts";
import { hashSecret, newSecret } from "./secrets.ts";

/** A browser that nobody has used for so long is let out. */
const SESSION_MS = 60 * 60_000;
/** A session is renewed when it is older than this, so not with each request. */
const RENEWED_MS = 5 * 60_000;

/** Who sees the pages of which container. */
export interface Visit {
  actor: Actor;
  container_id: number;
  name: string;
  /** Of the owner. */
  account: string;
  ports: ContainerPort[];
}

interface Row {
  user_id: number;
  credential: unknown;
  container_id: number;
  name: string;
  account: string;
  owner_id: number;
  /** As they were stored, maybe by an earlier release. */
  ports: unknown;
}

/** Takes a code, whatever comes of it, and begins a session. Null where it is none, was used, or its user may not. */
export async function beginVisit(
  { db, sql }: { db: Db; sql: Sql },
  code: string,
): Promise<{ token: string; visit: Visit; port: string } | null> {
  const [taken] = await sql<{
    user_id: number;
    container_id: number;
    port: string;
    credential: unknown;
    is_good: boolean;
  }>(
    `DELETE FROM proxy_codes WHERE code_hash = $1
     RETURNING user_id, container_id, port, credential, expires_at > now() AS is_good`,
    [hashSecret(code)],
  );
  if (!taken?.is_good) return null;
  const [row] = await sql<Row>(
    `SELECT $2::int AS user_id, $3::jsonb AS credential, c.container_id, c.name, o.account, o.user_id AS owner_id,
            c.spec->'ports' AS ports
     FROM containers c JOIN users o USING (user_id) WHERE c.container_id = $1`,
    [taken.container_id, taken.user_id, JSON.stringify(taken.credential)],
  );
  const visit = row && (await visitOf(sql, row));
  if (!visit) return null;
  const token = newSecret();
  await db.proxy_sessions.create({
    data: {
      token_hash: hashSecret(token),
      user_id: taken.user_id,
      container_id: taken.container_id,
      credential: taken.credential as object,
      expires_at: new Date(Date.now() + SESSION_MS),
    },
  });
  return { token, visit, port: taken.port };
}

/** Whose cookie this is now; null where it has ended, or what it was given for. */
export async function findVisit(sql: Sql, token: string): Promise<Visit | null> {
  const token_hash = hashSecret(token);
  const [row] = await sql<Row & { isOld: boolean }>(
    `SELECT s.user_id, s.credential, c.container_id, c.name, o.account, o.user_id AS owner_id, c.spec->'ports' AS ports,
            s.expires_at < now() + $2 * interval '1 ms' AS "isOld"
     FROM proxy_sessions s JOIN containers c USING (container_id) JOIN users o ON o.user_id = c.user_id
     WHERE s.token_hash = $1 AND s.expires_at > now()`,
    [token_hash, SESSION_MS - RENEWED_MS],
  );
  if (!row) return null;
  if (row.isOld) {
    await sql("UPDATE proxy_sessions SET expires_at = now() + $2 * interval '1 ms' WHERE token_hash = $1", [
      token_hash,
      SESSION_MS,
    ]);
  }
  return visitOf(sql, row);
}

async function visitOf(sql: Sql, row: Row): Promise<Visit | null> {
  const actor = await actorOf(sql, row.user_id, StoredCredential.parse(row.credential));
  if (!actor || (actor.role !== "admin" && actor.user_id !== row.owner_id)) return null;
  const { container_id, name, account, ports } = row;
  return { actor, container_id, name, account, ports: ContainerPorts.parse(ports ?? []) };
}
