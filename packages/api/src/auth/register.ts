import { DomainError } from "@berth/spec/error-code.ts";
import type { z } from "zod";
import type { Registered, RegisterInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { countAttempt } from "./login-throttle.ts";
import { hashPassword } from "./password.ts";

/** A new ordinary user. CONFLICT where the account exists, FORBIDDEN where an admin closed registration. */
export async function register(
  ctx: ApiContext,
  { account, password }: z.infer<typeof RegisterInput>,
): Promise<z.infer<typeof Registered>> {
  await countAttempt(ctx.sql, { kind: "register", address: ctx.address, account });
  const open = await ctx.db.settings.findUnique({ where: { key: "registration_open" } });
  if (open?.value === false) throw new DomainError("FORBIDDEN", "Registration is closed: ask an admin for an account.");
  const hashed = await hashPassword(password);
  try {
    return await transact(ctx.db, async (tx) => {
      const { user_id } = await tx.users.create({ data: { account, password: hashed } });
      const actor = { user_id, account, role: "user" as const };
      await recordAudit(tx, { ...ctx, actor }, { action: "register", noun: "user", object_id: user_id });
      return { user_id, account };
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `There is a user ${account} already.`);
    throw error;
  }
}
