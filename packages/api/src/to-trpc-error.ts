import { isDatabaseAway } from "./database-away.ts";
import { DomainError, type ErrorCode } from "@berth/spec/error-code.ts";
import { TRPCError } from "@trpc/server";
import { ZodError } from "zod";

const TRPC_CODE = {
  BAD_REQUEST: "BAD_REQUEST",
  UNAUTHORIZED: "UNAUTHORIZED",
  FORBIDDEN: "FORBIDDEN",
  NOT_FOUND: "NOT_FOUND",
  CONFLICT: "CONFLICT",
  GONE: "PRECONDITION_FAILED", // tRPC has no 410; only sockets say it
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
  UNPROCESSABLE: "UNPROCESSABLE_CONTENT",
  TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
  UNAVAILABLE: "SERVICE_UNAVAILABLE",
} as const satisfies Record<ErrorCode, TRPCError["code"]>;

/**
 * The one translation of failures for tRPC. What is not expected becomes "internal error": its cause is for the log,
 * never for the client.
 */
export function toTrpcError(error: unknown): TRPCError {
  const cause = error instanceof TRPCError ? (error.cause ?? error) : error;
  if (cause instanceof DomainError) {
    return new TRPCError({ code: TRPC_CODE[cause.code], message: cause.message, cause });
  }
  if (cause instanceof ZodError && error instanceof TRPCError && error.code === "BAD_REQUEST") {
    return new TRPCError({ code: "BAD_REQUEST", message: describeIssues(cause), cause });
  }
  if (isDatabaseAway(cause)) {
    const message = "The database does not answer: try again in a moment.";
    return new TRPCError({ code: "SERVICE_UNAVAILABLE", message, cause });
  }
  // tRPC's own refusals: an unknown procedure, a body that is not JSON.
  if (error instanceof TRPCError && error.code !== "INTERNAL_SERVER_ERROR") return error;
  return new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "internal error", cause });
}

/** For programs: what a DomainError carries, or each field that failed validation. */
export function detailsOf({ code, cause }: TRPCError): Record<string, unknown> | null {
  if (cause instanceof DomainError) return cause.details;
  if (cause instanceof ZodError && code === "BAD_REQUEST") {
    return { fields: cause.issues.flatMap(faultsOf) };
  }
  return null;
}

interface Fault {
  field: string;
  message: string;
}

/** Each field that is not there to be set is a fault by itself: a misspelt one must not look as if it had worked. */
function faultsOf(issue: ZodError["issues"][number]): Fault[] {
  if (issue.code !== "unrecognized_keys") return [{ field: issue.path.join("."), message: issue.message }];
  return issue.keys.map((key) => ({ field: [...issue.path, key].join("."), message: "There is no such field." }));
}

const describeIssues = (error: ZodError): string =>
  error.issues
    .flatMap(faultsOf)
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .join(" ");
