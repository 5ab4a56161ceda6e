import { createHash } from "node:crypto";
import type { Sql } from "@berth/db/sql.ts";
import { USABLE } from "../auth/credential.ts";
import type { Actor, Person } from "../context.ts";

/** Whom a key lets in, and where. */
export interface SshAdmission {
  actor: Actor;
  container_id: number;
  container_name: string;
}

/**
 * Who this key speaks for in the container that the user name of ssh names: `<container>.<account>`, or `<container>`
 * alone where the key is one account's only. That is the container's owner, or an admin with a key of their own; null
 * where it is nobody, whatever the cause, so that nobody learns what others have.
 */
export async function admitSshKey(sql: Sql, username: string, key: Buffer): Promise<SshAdmission | null> {
  const wanted = parseSshUser(username);
  if (!wanted) return null;
  const holders = await sql<Person>(
    `SELECT u.user_id, u.account, u.role FROM users u
     WHERE ${USABLE} AND EXISTS (SELECT 1 FROM unnest(u.ssh_public_keys) k WHERE split_part(k, ' ', 2) = $1)`,
    [key.toString("base64")],
  );
  const account = wanted.account ?? (holders.length === 1 ? holders[0]!.account : undefined);
  if (account === undefined || holders.length === 0) return null;
  const person = holders.find((holder) => holder.account === account) ?? holders.find(({ role }) => role === "admin");
  if (!person) return null;
  const [container] = await sql<{ container_id: number }>(
    `SELECT c.container_id FROM containers c JOIN users u USING (user_id)
     WHERE c.name = $1 AND u.account = $2 AND c.desired <> 'removed'`,
    [wanted.container, account],
  );
  if (!container) return null;
  const key_id = createHash("sha256").update(key).digest("hex");
  return {
    actor: { ...person, scope: "write", credential: { kind: "ssh_key", key_id } },
    container_id: container.container_id,
    container_name: wanted.container,
  };
}

/** No container's name holds a dot; an account's may. */
export function parseSshUser(username: string): { container: string; account?: string } | null {
  if (username.length > 200) return null;
  const dot = username.indexOf(".");
  if (dot < 0) return username === "" ? null : { container: username };
  const [container, account] = [username.slice(0, dot), username.slice(dot + 1)];
  return container === "" || account === "" ? null : { container, account };
}
