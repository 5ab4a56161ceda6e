import { DomainError } from "@berth/spec/error-code.ts";
import { JOIN_CHECKS_AT_MOST, JoinCheck } from "@berth/spec/join-token.ts";
import type { ApiServices } from "../../context.ts";
import { findToken } from "./find-token.ts";

/**
 * Keeps what a server's script has found so far, in the place of what was told before: whoever made the token watches it.
 * BAD_REQUEST for what can't be read; else throws as `findToken` does.
 */
export async function recordChecks({ sql }: Pick<ApiServices, "sql">, token: string, text: string): Promise<void> {
  const { join_token_id } = await findToken(sql, token);
  await sql("UPDATE join_tokens SET checks = $2::jsonb, checked_at = now() WHERE join_token_id = $1", [
    join_token_id,
    JSON.stringify(readChecks(text)),
  ]);
}

/** A line a check: what was looked at, how it is, the sentence and how it is mended, with a tab between. */
export function readChecks(text: string): JoinCheck[] {
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length > JOIN_CHECKS_AT_MOST) {
    throw new DomainError("BAD_REQUEST", `No more than ${JOIN_CHECKS_AT_MOST} checks are shown.`);
  }
  return lines.map((line) => {
    const [check, status, sentence = "", fix = "", ...more] = line.split("\t");
    const read = JoinCheck.safeParse({ check, status, text: sentence.trim(), fix: fix.trim() });
    if (read.success && more.length === 0) return read.data;
    throw new DomainError("BAD_REQUEST", "A line of the checks is not: check, ok or warning or failed, text, fix.");
  });
}
