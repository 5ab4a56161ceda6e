import { z } from "zod";
import type { Credential } from "../context.ts";

/** A credential that was put away as JSON, with what it was given for. */
export const StoredCredential: z.ZodType<Credential> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("access_token"), token_epoch: z.int(), expires_at: z.coerce.date() }),
  z.object({ kind: z.literal("session"), session_id: z.uuid() }),
  z.object({ kind: z.literal("api_token"), token_id: z.int() }),
]);
