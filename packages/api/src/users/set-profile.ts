import { invalidField } from "@berth/spec/error-code.ts";
import { ProfileFields, type SetProfileInput } from "@berth/spec/user.ts";
import { recordAudit } from "../audit.ts";
import type { AuthedContext } from "../context.ts";
import { transact } from "../transact.ts";
import { withoutUndefined } from "../without-undefined.ts";

/** Changes one's own profile, by either form of the request. The audit log names the fields, not what is in them. */
export async function setProfile(ctx: AuthedContext, { field, value, ...named }: SetProfileInput): Promise<void> {
  if (field !== undefined && named[field] !== undefined) {
    throw invalidField(field, "Given twice: as a field of its own, and by `field` and `value`.");
  }
  const data = { ...withoutUndefined(named), ...(field !== undefined && readOneField(field, value)) };
  const fields = Object.keys(data);
  if (fields.length === 0) throw invalidField("field", "Name one: nickname, email or phone.");
  const { user_id } = ctx.actor;
  await transact(ctx.db, async (tx) => {
    await tx.users.update({ where: { user_id }, data });
    await recordAudit(tx, ctx, { action: "set profile", noun: "user", object_id: user_id, details: { fields } });
  });
}

function readOneField(field: keyof ProfileFields, value: string | undefined) {
  const parsed = ProfileFields.safeParse({ [field]: value });
  if (parsed.success) return withoutUndefined(parsed.data);
  const message = parsed.error.issues.map((issue) => issue.message).join(" ");
  throw invalidField("value", message);
}
