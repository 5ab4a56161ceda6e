import { TRPCClientError } from "@trpc/client";

/** What a refusal says for programs: `details` of the server's error; null where there are none. */
export const detailsOf = (error: unknown): unknown =>
  error instanceof TRPCClientError ? ((error.data as { details?: unknown } | null)?.details ?? null) : null;
