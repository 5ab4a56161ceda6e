import { prismaSql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { MAX_SSH_KEYS, type SshKey } from "@berth/spec/ssh-key.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";
import { lockCaller } from "../lock.ts";
import { parseSshKey } from "./parse.ts";

/** A key with which the caller gets into their containers. CONFLICT where they have it, or as many as one may have. */
export async function addSshKey(ctx: AuthedContext, { public_key }: { public_key: string }): Promise<SshKey> {
  const key = parseSshKey(public_key);
  const { user_id } = ctx.actor;
  await transact(ctx.db, async (tx) => {
    const { ssh_public_keys: keys } = await lockCaller(prismaSql(tx), ctx.actor);
    if (keys.some((known) => parseSshKey(known).key_id === key.key_id)) {
      throw new DomainError("CONFLICT", "You have added this key already.", { key_id: key.key_id });
    }
    if (keys.length >= MAX_SSH_KEYS) {
      throw new DomainError("CONFLICT", `You have ${MAX_SSH_KEYS} keys, which is as many as one may have: remove one.`);
    }
    await tx.users.update({ where: { user_id }, data: { ssh_public_keys: [...keys, key.public_key] } });
    const details = { fingerprint: key.fingerprint };
    await recordAudit(tx, ctx, { action: "add ssh key", noun: "user", object_id: user_id, details });
  });
  return key;
}
