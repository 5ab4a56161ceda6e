import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";
import { lockUser } from "../lock.ts";
import { parseSshKey } from "./parse.ts";

/** One of one's own. */
export async function removeSshKey(ctx: AuthedContext, { key_id }: { key_id: string }): Promise<void> {
  const { user_id } = ctx.actor;
  await transact(ctx.db, async (tx) => {
    const { ssh_public_keys: lines } = await lockUser(prismaSql(tx), user_id);
    const key = lines.map(parseSshKey).find((known) => known.key_id === key_id);
    if (!key) throw new DomainError("NOT_FOUND", "You have no such key.");
    const rest = lines.filter((line) => line !== key.public_key);
    await tx.users.update({ where: { user_id }, data: { ssh_public_keys: rest } });
    const details = { fingerprint: key.fingerprint };
    await recordAudit(tx, ctx, { action: "remove ssh key", noun: "user", object_id: user_id, details });
  });
}
