import { randomBytes } from "node:crypto";
import type { Db } from "@berth/db/client.ts";
import { Account } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import { transact } from "../transact.ts";
import { hashAsClient, hashPassword } from "./password.ts";

export const DEFAULT_ADMIN_ACCOUNT = "berth-admin";

/** How the audit log has it, with whether its password was `generated`. */
export const FIRST_ADMIN_ACTION = "create first admin";

/**
 * Makes the first admin of a database without users. `password` is the plain one; where none is given, one is generated
 * and returned: this is the only time that it can be read. Null where there was nothing to generate.
 */
export async function ensureFirstAdmin(
  db: Db,
  given: { account?: string | undefined; password?: string | undefined } = {},
): Promise<string | null> {
  if (await db.users.findFirst()) return null;
  const account = Account.parse(given.account ?? DEFAULT_ADMIN_ACCOUNT);
  const plain = given.password ?? randomBytes(15).toString("base64url");
  const password = await hashPassword(hashAsClient(plain));
  return transact(db, async (tx) => {
    // Two servers may start on one empty database: the second waits here, and then sees the first one's admin.
    await tx.$executeRaw`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`;
    if (await tx.users.findFirst()) return null;
    const { user_id } = await tx.users.create({ data: { account, password, role: "admin" } });
    const actor = { user_id, account, role: "admin" as const };
    const generated = given.password === undefined;
    const entry = { action: FIRST_ADMIN_ACTION, noun: "user", object_id: user_id, details: { generated } } as const;
    await recordAudit(tx, { actor, address: null }, entry);
    return generated ? plain : null;
  });
}
