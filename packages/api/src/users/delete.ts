import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../audit.ts";
import { endCredentials } from "../auth/end-credentials.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { lockAdmins, refuseLastAdmin } from "./lock.ts";
import { noSuchUser } from "./view.ts";

/**
 * The user's data goes; the account stays taken, so that nobody comes into what was its. CONFLICT for the last admin, and
 * with `details.containers` and `details.images` while the user has some.
 */
export async function deleteUser(ctx: AuthedContext, { user_id }: { user_id: number }): Promise<void> {
  await transact(ctx.db, async (tx) => {
    const sql = prismaSql(tx);
    await lockAdmins(sql, ctx.actor);
    await refuseLastAdmin(sql, user_id);
    const account = await lockWhole(sql, user_id);
    await refuseOwner(sql, user_id, account);
    await tx.users.update({
      where: { user_id },
      data: {
        deleted_at: new Date(),
        password: "none",
        role: "user",
        nickname: null,
        email: null,
        phone: null,
        photo: null,
        ssh_public_keys: [],
        quota: {},
      },
    });
    await tx.photos.deleteMany({ where: { user_id } });
    await endCredentials(sql, user_id);
    await recordAudit(tx, ctx, { action: "delete", noun: "user", object_id: user_id, details: { account } });
  });
}

/** Waits for who is just making something for this user, and lets nobody begin to. */
async function lockWhole(sql: Sql, userId: number): Promise<string> {
  const [user] = await sql<{ account: string }>(
    "SELECT account FROM users WHERE user_id = $1 AND deleted_at IS NULL FOR UPDATE",
    [userId],
  );
  if (!user) throw noSuchUser(userId);
  return user.account;
}

async function refuseOwner(sql: Sql, userId: number, account: string): Promise<void> {
  const [owned] = await sql<{ containers: string[]; images: string[] }>(
    `SELECT ARRAY(SELECT name FROM containers WHERE user_id = $1 ORDER BY 1) AS containers,
            ARRAY(SELECT name FROM images WHERE user_id = $1 AND desired = 'present' ORDER BY 1) AS images`,
    [userId],
  );
  const { containers, images } = owned ?? { containers: [], images: [] };
  if (containers.length + images.length === 0) return;
  throw new DomainError(
    "CONFLICT",
    `${account} still has ${[...containers, ...images].join(", ")}: delete that first.`,
    {
      containers,
      images,
    },
  );
}
