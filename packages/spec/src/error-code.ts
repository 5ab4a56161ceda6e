import { z } from "zod";

/** Every expected failure has one of these. Doors translate it once: to a tRPC code, and to an HTTP status. */
export const ErrorCode = z.enum([
  "BAD_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "CONFLICT",
  /** It was there, and is somewhere else now: a terminal of another server. */
  "GONE",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "UNPROCESSABLE",
  "TOO_MANY_REQUESTS",
  "UNAVAILABLE",
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/**
 * An expected failure: `message` is a sentence for a person that says what to do, `details` is for programs.
 * Anything else that is thrown is a fault of ours: it is logged, and the client reads "internal error".
 */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | null;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> | null = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** One field of a request that is not valid, told as a schema's refusals are. */
export const invalidField = (field: string, message: string): DomainError =>
  new DomainError("BAD_REQUEST", `${field}: ${message}`, { fields: [{ field, message }] });
