import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { CreateUserInput, ManagedUser } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import { hashPassword } from "../auth/password.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { getManagedUser } from "./get.ts";
import { lockAdmins } from "./lock.ts";
import { refuseAdminByToken } from "./refusals.ts";

/** An admin makes an account for somebody, whatever the setting of registration. CONFLICT where the account is taken. */
export async function createUser(
  ctx: AuthedContext,
  { account, password, role }: CreateUserInput,
): Promise<ManagedUser> {
  refuseAdminByToken(ctx.actor, role);
  const hashed = await hashPassword(password);
  try {
    return await transact(ctx.db, async (tx) => {
      await lockAdmins(prismaSql(tx), ctx.actor);
      const { user_id } = await tx.users.create({ data: { account, password: hashed, role } });
      const details = { account, role };
      await recordAudit(tx, ctx, { action: "create", noun: "user", object_id: user_id, details });
      return getManagedUser({ sql: prismaSql(tx) }, { user_id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `There is, or was, a user ${account}.`);
    throw error;
  }
}
