import type { users } from "@berth/db/generated/client.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { type ManagedUser, type Me, Quota, Role, type User } from "@berth/spec/user.ts";

/** As anyone sees a user; e-mail and phone are for that user and admins. */
export const toUser = (row: users, { showsContact }: { showsContact: boolean }): User => ({
  user_id: row.user_id,
  account: row.account,
  nickname: row.nickname,
  email: showsContact ? row.email : null,
  phone: showsContact ? row.phone : null,
  photo: row.photo,
});

export const toMe = (row: users): Me => ({
  ...toUser(row, { showsContact: true }),
  role: Role.parse(row.role),
  quota: Quota.parse(row.quota),
});

interface ManagedRow extends users {
  containers: number;
  gpus: number;
}

/** Users and what they use, without the deleted ones. `where` is SQL over `u` (users) with `$1`… parameters. */
export async function selectManagedUsers(
  sql: Sql,
  where: string,
  parameters: readonly unknown[],
): Promise<ManagedUser[]> {
  const rows = await sql<ManagedRow>(
    `SELECT u.*,
            (SELECT count(*)::int FROM containers c WHERE c.user_id = u.user_id AND c.desired <> 'removed') AS containers,
            (SELECT count(*)::int FROM gpu_allocations a JOIN containers c USING (container_id)
             WHERE c.user_id = u.user_id) AS gpus
     FROM users u WHERE u.deleted_at IS NULL AND ${where}`,
    parameters,
  );
  return rows.map((row) => ({
    ...toMe(row),
    disabled: row.disabled_at !== null,
    used: { gpus: row.gpus, containers: row.containers },
    created_at: row.created_at.toISOString(),
  }));
}

export const noSuchUser = (user: number | string): DomainError =>
  new DomainError("NOT_FOUND", `There is no user ${user}.`);
