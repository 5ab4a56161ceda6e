import type { api_tokens } from "@berth/db/generated/client.ts";
import type { ApiToken } from "@berth/spec/api-token.ts";
import type { AuthedContext } from "../../context.ts";
import type { Page } from "../../page.ts";
import { toApiToken } from "./view.ts";

/** One's own, newest first, all on one page: expired ones too, until others are made; not those that were ended. */
export async function listApiTokens({ sql, actor }: AuthedContext): Promise<Page<ApiToken>> {
  const rows = await sql<api_tokens>(
    `SELECT t.* FROM api_tokens t JOIN users u USING (user_id)
     WHERE t.user_id = $1 AND t.token_epoch = u.token_epoch ORDER BY t.token_id DESC`,
    [actor.user_id],
  );
  return { items: rows.map(toApiToken), next_cursor: null };
}
