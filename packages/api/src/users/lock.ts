import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { actorOf } from "../auth/credential.ts";
import type { Actor } from "../context.ts";
import { noSuchUser } from "./view.ts";

interface LockedUser {
  user_id: number;
  account: string;
  role: string;
  ssh_public_keys: string[];
  token_epoch: number;
  disabled_at: Date | null;
}

/** The user's row, which no other verb changes before this transaction ends; what refers to it may still be added. */
export async function lockUser(sql: Sql, userId: number): Promise<LockedUser> {
  const [user] = await sql<LockedUser>(
    `SELECT user_id, account, role, ssh_public_keys, token_epoch, disabled_at FROM users
     WHERE user_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE`,
    [userId],
  );
  if (!user) throw noSuchUser(userId);
  return user;
}

/**
 * As {@link lockUser}, for the caller's own row, before a credential is made: one that ended since the request was
 * admitted must leave nothing behind that lives on.
 */
export async function lockCaller(sql: Sql, actor: Actor): Promise<LockedUser> {
  const user = await lockUser(sql, actor.user_id);
  await confirmCaller(sql, actor);
  return user;
}

/** UNAUTHORIZED where the caller's credential has ended since the request was admitted. */
export async function confirmCaller(sql: Sql, { user_id, credential }: Actor): Promise<void> {
  if (await actorOf(sql, user_id, credential)) return;
  throw new DomainError("UNAUTHORIZED", "Sign in again: the access token is no longer good.");
}

/** Any number that no other advisory lock of Berth uses. */
const ADMINS_LOCK = 0x6265_7261;

/**
 * What an admin does to another's account begins with this: one at a time, and only for who is an admin still. To hash a
 * password, to send a photo, or to wait in this line, takes long enough to be demoted meanwhile, and must leave no other way in behind.
 */
export async function lockAdmins(sql: Sql, actor: Actor): Promise<void> {
  await sql("SELECT pg_advisory_xact_lock($1)::text", [ADMINS_LOCK]);
  const { role } = await lockCaller(sql, actor);
  if (role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin may do this.");
}

/** CONFLICT where this is the last admin who can sign in. Locked, so that the last two can't go at the same time. */
export async function refuseLastAdmin(sql: Sql, userId: number): Promise<void> {
  const admins = await sql<{ user_id: number }>(
    `SELECT user_id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND deleted_at IS NULL
     ORDER BY user_id FOR NO KEY UPDATE`,
  );
  if (admins.length === 1 && admins[0]?.user_id === userId) {
    throw new DomainError("CONFLICT", "This is the last admin: make another one first.");
  }
}
