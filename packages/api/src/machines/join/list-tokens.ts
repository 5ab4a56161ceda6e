import type { JoinToken } from "@berth/spec/join-token.ts";
import type { PageInput } from "@berth/spec/page.ts";
import type { AuthedContext } from "../../context.ts";
import { type Page, readIdCursor, toPage } from "../../page.ts";
import { type JoinTokenRow, toJoinToken, TOKEN_COLUMNS } from "./view-token.ts";

/** Newest first; those that are used up, revoked or expired are shown for a while, too. */
export async function listJoinTokens({ sql }: AuthedContext, input: PageInput): Promise<Page<JoinToken>> {
  const rows = await sql<JoinTokenRow>(
    `SELECT ${TOKEN_COLUMNS} FROM join_tokens t JOIN users u ON u.user_id = t.created_by
     WHERE $1::bigint IS NULL OR t.join_token_id < $1::bigint ORDER BY t.join_token_id DESC LIMIT $2`,
    [readIdCursor(input), input.limit + 1],
  );
  return toPage(rows, input.limit, toJoinToken, (row) => row.join_token_id);
}
