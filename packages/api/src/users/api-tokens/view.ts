import type { api_tokens } from "@berth/db/generated/client.ts";
import { type ApiToken, TokenScope } from "@berth/spec/api-token.ts";

export const toApiToken = (row: api_tokens): ApiToken => ({
  token_id: row.token_id,
  name: row.name,
  scope: TokenScope.parse(row.scope),
  expires_at: row.expires_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
});
