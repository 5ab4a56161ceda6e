import { prismaSql, type Sql } from "@berth/db/sql.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { CreatedJoinToken, CreateJoinTokenInput } from "@berth/spec/join-token.ts";
import { isLoopback } from "@berth/spec/loopback.ts";
import { recordAudit } from "../../audit.ts";
import type { AuthedContext } from "../../context.ts";
import { transact } from "../../transact.ts";
import { unreachableRegistry } from "../refuse-unreachable-registry.ts";
import { isPlainUrl, renderScript, sha256Of } from "./render-script.ts";
import { hashJoinToken, newJoinToken } from "./token.ts";
import { toJoinToken } from "./view-token.ts";

const MAX_OPEN = 100;
/** Any number that no other advisory lock of Berth uses. */
const JOIN_TOKENS_LOCK = 0x6265_726a;

/** Held to the end of the transaction: one at a time is made, as each counts all the others. */
const lockJoinTokens = async (sql: Sql): Promise<void> => {
  await sql("SELECT pg_advisory_xact_lock($1)::text", [JOIN_TOKENS_LOCK]);
};

/**
 * Lets one GPU server join. The token is in this answer only: no more than its hash is kept. CONFLICT while a hundred
 * others are open.
 */
export async function createJoinToken(
  ctx: AuthedContext,
  { ttl_minutes }: CreateJoinTokenInput,
): Promise<CreatedJoinToken> {
  const token = newJoinToken();
  const public_url = publicUrlOf(ctx);
  const script_url = `${public_url}/join/${token}.sh`;
  const script_sha256 = sha256Of(await renderScript(ctx, { token, public_url }));
  return transact(ctx.db, async (tx) => {
    await lockJoinTokens(prismaSql(tx));
    const isOpen = { used_at: null, revoked_at: null, expires_at: { gt: new Date() } };
    if ((await tx.join_tokens.count({ where: isOpen })) >= MAX_OPEN) {
      throw new DomainError("CONFLICT", `${MAX_OPEN} join tokens are open already: revoke some, or use them.`);
    }
    const row = await tx.join_tokens.create({
      data: {
        token_hash: hashJoinToken(token),
        public_url,
        created_by: ctx.actor.user_id,
        expires_at: new Date(Date.now() + ttl_minutes * 60_000),
      },
    });
    const { join_token_id } = row;
    await recordAudit(tx, ctx, {
      action: "create",
      noun: "join_token",
      object_id: join_token_id,
      details: { ttl_minutes },
    });
    return {
      ...toJoinToken({ ...row, account: ctx.actor.account, state: "open" }),
      token,
      command: commandFor(script_url, script_sha256),
      script_url,
      script_sha256,
      warning: await warningOf(prismaSql(tx), public_url),
    };
  });
}

/** As the admin named it, else as this admin came here: whoever is on the same network comes that way, too. */
function publicUrlOf({ publicUrl, origin }: AuthedContext): string {
  const url = (publicUrl ?? origin)?.replace(/\/+$/, "");
  if (url !== undefined && isPlainUrl(url)) return url;
  throw new DomainError("CONFLICT", "Set BERTH_PUBLIC_URL to where GPU servers reach Berth, and start it again.");
}

/**
 * The script is kept in a file, so that it can be read first, and run again later. Over plain http somebody on the way
 * could have changed it: the line carries what it must come to.
 */
function commandFor(scriptUrl: string, sha256: string): string {
  const fetch = `curl -fsSL ${scriptUrl} -o berth-join.sh`;
  const check = `echo "${sha256}  berth-join.sh" | sha256sum -c -`;
  const run = "sudo sh berth-join.sh";
  return (scriptUrl.startsWith("https:") ? [fetch, run] : [fetch, check, run]).join(" && ");
}

/** What would refuse the server at the end of its joining is told before it begins. */
async function warningOf(sql: Sql, publicUrl: string): Promise<string | null> {
  const warnings: string[] = [];
  if (isLoopback(new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, "$1"))) {
    warnings.push(
      `Only this host itself reaches Berth at ${publicUrl}: set BERTH_HOST and BERTH_PUBLIC_URL to an address that GPU servers reach, start Berth again, and make another token.`,
    );
  }
  const registry = await unreachableRegistry(sql);
  if (registry) warnings.push(registry.message);
  return warnings.length > 0 ? warnings.join(" ") : null;
}
