import type { users } from "@berth/db/generated/client.ts";
import type { Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { type ManagedUser, Quota, Role, type User } from "@berth/spec/user.ts";
import { STORED_BYTES } from "./image-quota.ts";

/** As anyone sees a user; e-mail and phone are for that user and admins. */
export const toUser = (row: users, { showsContact }: { showsContact: boolean }): User => ({
  user_id: row.user_id,
  account: row.account,
  nickname: row.nickname,
  email: showsContact ? row.email : null,
  phone: showsContact ? row.phone : null,
  photo: row.photo,
});

interface ManagedRow extends users {
  containers: number;
  gpus: number;
  image_count: number;
  storage: bigint;
}

/** Users and what they use, without the deleted ones. `where` is SQL over `u` (users) with `$1`… parameters. */
export async function selectManagedUsers(
  sql: Sql,
  where: string,
  parameters: readonly unknown[],
): Promise<ManagedUser[]> {
  const rows = await sql<ManagedRow>(
    `SELECT u.*,
            (SELECT count(*)::int FROM containers c WHERE c.user_id = u.user_id AND c.desired <> 'removed')
              + (SELECT count(*)::int FROM held_containers h JOIN containers c USING (container_id)
                 WHERE c.user_id = u.user_id AND c.desired <> 'removed') AS containers,
            (SELECT count(*)::int FROM gpu_allocations a JOIN containers c USING (container_id)
             WHERE c.user_id = u.user_id) AS gpus,
            (SELECT count(*)::int FROM images i WHERE i.user_id = u.user_id AND i.desired = 'present') AS image_count,
            ${STORED_BYTES} AS storage
     FROM users u WHERE u.deleted_at IS NULL AND ${where}`,
    parameters,
  );
  return rows.map((row) => ({
    ...toUser(row, { showsContact: true }),
    role: Role.parse(row.role),
    quota: Quota.parse(row.quota),
    used: { gpus: row.gpus, containers: row.containers, images: row.image_count, storage: Number(row.storage) },
    disabled: row.disabled_at !== null,
    created_at: row.created_at.toISOString(),
  }));
}

export const noSuchUser = (user: number | string): DomainError =>
  new DomainError("NOT_FOUND", `There is no user ${user}.`);
