import { DomainError, ErrorCode } from "@berth/spec/error-code.ts";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { expect, test } from "vitest";
import { z } from "zod";
import { detailsOf, toTrpcError } from "./to-trpc-error.ts";

const STATUS: Record<ErrorCode, number> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  GONE: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE: 422,
  TOO_MANY_REQUESTS: 429,
  UNAVAILABLE: 503,
};

test.each(Object.entries(STATUS))("%s becomes HTTP %i, with its sentence and details", (code, status) => {
  const error = toTrpcError(new DomainError(ErrorCode.parse(code), "Do this.", { fields: ["env"] }));
  expect(getHTTPStatusCodeFromError(error)).toBe(status);
  expect(error.message).toBe("Do this.");
  expect(detailsOf(error)).toEqual({ fields: ["env"] });
});

test("what is not expected becomes an internal error that says nothing", () => {
  const cause = new Error("duplicate key in secret_table");
  const error = toTrpcError(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause }));
  expect(error).toMatchObject({ code: "INTERNAL_SERVER_ERROR", message: "internal error", cause });
  expect(detailsOf(error)).toBeNull();
});

test("an answer that does not fit its schema is our fault, and its fields are not told", () => {
  const { error: cause } = z.object({ secret_column: z.string() }).safeParse({});
  const error = toTrpcError(
    new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "Output validation failed", cause }),
  );
  expect(error).toMatchObject({ code: "INTERNAL_SERVER_ERROR", message: "internal error" });
  expect(detailsOf(error)).toBeNull();
});

test("an input that fails validation names each field in a sentence", () => {
  const { error: cause } = z.object({ name: z.string("A name is needed.") }).safeParse({});
  const error = toTrpcError(new TRPCError({ code: "BAD_REQUEST", cause }));
  expect(error.message).toBe("name: A name is needed.");
  expect(detailsOf(error)).toEqual({ fields: [{ field: "name", message: "A name is needed." }] });
});

test("tRPC's own refusals stay as they are", () => {
  const error = new TRPCError({ code: "NOT_FOUND", message: 'No procedure found on path "x"' });
  expect(toTrpcError(error)).toBe(error);
});
