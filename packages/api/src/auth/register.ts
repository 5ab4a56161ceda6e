import type { z } from "zod";
import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { Registered, RegisterInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import type { ApiContext } from "../context.ts";
import { takeInvitation } from "../invitations/take.ts";
import { readSettings } from "../settings/read.ts";
import { transact } from "../transact.ts";
import { isUniqueViolation } from "../unique-violation.ts";
import { countAttempt } from "./login-throttle.ts";
import { hashPassword } from "./password.ts";

/**
 * A new ordinary user. CONFLICT where there is or was one with the account; FORBIDDEN where registration is closed, or is
 * by invitation and the code is not of one that may be used. A code is used up only by who gets an account.
 */
export async function register(
  ctx: ApiContext,
  { account, password, invitation }: RegisterInput,
): Promise<z.infer<typeof Registered>> {
  await countAttempt(ctx.sql, { kind: "register", address: ctx.address, account });
  const hashed = await hashPassword(password);
  try {
    return await transact(ctx.db, async (tx) => {
      const details = await admit(prismaSql(tx), invitation);
      const { user_id } = await tx.users.create({ data: { account, password: hashed } });
      const entry = { action: "register", noun: "user", object_id: user_id, details } as const;
      await recordAudit(tx, { ...ctx, actor: { user_id, account } }, entry);
      return { user_id, account };
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new DomainError("CONFLICT", `There is a user ${account} already.`);
    throw error;
  }
}

/** By what they may register, for the audit log. */
async function admit(sql: Sql, code: string | undefined): Promise<{ invitation_id?: number }> {
  const { registration } = await readSettings(sql);
  switch (registration) {
    case "open":
      return {};
    case "closed":
      throw new DomainError("FORBIDDEN", "Registration is closed: ask an admin for an account.");
    case "invitation":
      return { invitation_id: await takeInvitation(sql, code) };
  }
}
