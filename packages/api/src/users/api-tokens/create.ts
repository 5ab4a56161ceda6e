import type { z } from "zod";
import { prismaSql } from "@berth/db/sql.ts";
import { type CreateApiTokenInput, type CreatedApiToken, MAX_API_TOKENS } from "@berth/spec/api-token.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { recordAudit } from "../../audit.ts";
import { hashApiToken, newApiToken } from "../../auth/api-token.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";
import { lockCaller } from "../lock.ts";
import { toApiToken } from "./view.ts";

/**
 * A token for a program. It is in this answer only: no more than its hash is kept. CONFLICT where another one has the
 * name, or there are as many as one may have. Those that have ended make room.
 */
export async function createApiToken(
  ctx: AuthedContext,
  { name, scope, expires_in_days }: CreateApiTokenInput,
): Promise<z.infer<typeof CreatedApiToken>> {
  const { user_id } = ctx.actor;
  const token = newApiToken();
  return transact(ctx.db, async (tx) => {
    const { token_epoch } = await lockCaller(prismaSql(tx), ctx.actor);
    const now = new Date();
    const ended = { OR: [{ expires_at: { lte: now } }, { token_epoch: { not: token_epoch } }] };
    await tx.api_tokens.deleteMany({ where: { user_id, ...ended } });
    const names = (await tx.api_tokens.findMany({ where: { user_id } })).map((known) => known.name);
    if (names.includes(name)) throw new DomainError("CONFLICT", `You have a token ${name} already.`);
    if (names.length >= MAX_API_TOKENS) {
      throw new DomainError("CONFLICT", `You have ${MAX_API_TOKENS} tokens, as many as one may have: revoke one.`);
    }
    const expires_at = new Date(now.getTime() + expires_in_days * 86_400_000);
    const row = await tx.api_tokens.create({
      data: { user_id, name, scope, token_hash: hashApiToken(token), token_epoch, expires_at },
    });
    const details = { token_id: row.token_id, name, scope, expires_in_days };
    await recordAudit(tx, ctx, { action: "create api token", noun: "user", object_id: user_id, details });
    return { ...toApiToken(row), token };
  });
}
