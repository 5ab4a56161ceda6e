import { z } from "zod";

export const MAX_API_TOKENS = 50;

/** `read` calls what changes nothing; `write` calls all, but not what concerns passwords and tokens. */
export const TokenScope = z.enum(["read", "write"]);
export type TokenScope = z.infer<typeof TokenScope>;

export const CreateApiTokenInput = z.strictObject({
  /** Unique among one's own. */
  name: z.string().trim().min(1).max(64),
  scope: TokenScope.default("read"),
  expires_in_days: z.int().min(1).max(366).default(90),
});
export type CreateApiTokenInput = z.infer<typeof CreateApiTokenInput>;

export const ApiToken = z.object({
  token_id: z.int(),
  name: z.string(),
  scope: TokenScope,
  expires_at: z.iso.datetime(),
  /** To the minute. */
  last_used_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** `token` is shown this once. */
export const CreatedApiToken = ApiToken.extend({ token: z.string() });

export const ApiTokenRef = z.object({ token_id: z.int32().positive() });
