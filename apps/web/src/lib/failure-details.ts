import { TRPCClientError } from "@trpc/client";
import { UploadRefusal } from "./send-upload.ts";

/** What a refusal says for programs: `details` of the server's error; null where there are none. */
export function detailsOf(error: unknown): unknown {
  if (error instanceof UploadRefusal) return error.details;
  return error instanceof TRPCClientError ? ((error.data as { details?: unknown } | null)?.details ?? null) : null;
}
