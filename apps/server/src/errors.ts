import { detailsOf, toTrpcError } from "@berth/api/to-trpc-error.ts";
import { DomainError, ErrorCode } from "@berth/spec/error-code.ts";
import type { TRPCError } from "@trpc/server";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";

/** Every answer of 400 and above that is not tRPC's. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.enum([...ErrorCode.options, "METHOD_NOT_ALLOWED", "INTERNAL_SERVER_ERROR"]),
    /** A sentence for a person. */
    message: z.string(),
    /** For programs: which fields are wrong, what depends on it, after how many seconds to try again. */
    details: z.record(z.string(), z.unknown()).nullable(),
  }),
});
type Code = z.infer<typeof ErrorBody>["error"]["code"];

export const STATUS_OF = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  GONE: 410,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE: 422,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
  UNAVAILABLE: 503,
} as const satisfies Record<Code, number>;

/** What Fastify says of a request in its own words, as a sentence that helps. */
const SENTENCES: Record<string, string> = {
  FST_ERR_BAD_URL: "The path has a % that is not followed by two hex digits, or is not UTF-8.",
  FST_ERR_CTP_BODY_TOO_LARGE: "The body is too large.",
  FST_ERR_CTP_INVALID_JSON_BODY: "The body is not JSON.",
};

interface Failure {
  code: Code;
  message: string;
  details: Record<string, unknown> | null;
}

/** Makes `{"error":{"code","message","details"}}` of whatever fails outside tRPC's own door, and never shows how we are made. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: Error, request, reply) => sendFailure(error, request, reply));
}

/** `form` makes the body of another language than ours, as JSON, or as plain text where it is one. */
export function sendFailure(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  form?: (failure: Failure) => object | string,
): FastifyReply {
  const failure = readFailure(error);
  const status = STATUS_OF[failure.code];
  if (status === 500) {
    request.log.error({ err: error.cause ?? error, requestId: request.id }, "request failed");
    failure.details = { request_id: request.id };
  } else if (status === 503) request.log.warn({ err: error.cause ?? error, requestId: request.id }, failure.message);
  else request.log.debug({ requestId: request.id, code: failure.code }, "request refused");
  const seconds = failure.details?.["retry_after_s"];
  if (typeof seconds === "number") reply.header("retry-after", String(seconds));
  return send(reply, failure, form);
}

function readFailure(error: Error): Failure {
  const { statusCode, code } = error as Partial<FastifyError>;
  // Fastify's own, and its plugins'.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500 && !(error instanceof DomainError)) {
    return { code: codeOf(statusCode), message: SENTENCES[code ?? ""] ?? error.message, details: null };
  }
  const translated = toTrpcError(error);
  return { code: codeOfTrpc(translated), message: translated.message, details: detailsOf(translated) };
}

function codeOfTrpc({ code, cause }: TRPCError): Code {
  if (cause instanceof DomainError) return cause.code;
  if (code === "SERVICE_UNAVAILABLE") return "UNAVAILABLE";
  return code === "BAD_REQUEST" || code === "NOT_FOUND" ? code : "INTERNAL_SERVER_ERROR";
}

const codeOf = (status: number): Code =>
  (Object.keys(STATUS_OF) as Code[]).find((code) => STATUS_OF[code] === status) ?? "BAD_REQUEST";

const send = (
  reply: FastifyReply,
  error: Failure,
  form: (failure: Failure) => object | string = () => ({ error }),
): FastifyReply => {
  const body = form(error);
  reply.code(STATUS_OF[error.code]);
  return typeof body === "string"
    ? reply.type("text/plain; charset=utf-8").send(body)
    : reply.type("application/json; charset=utf-8").send(JSON.stringify(body));
};

export const sendNotFound = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  send(reply, { code: "NOT_FOUND", message: "There is nothing here.", details: null });

/** For a path that is there, asked in a way that it has no answer to. */
export function sendMethodNotAllowed(reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  const methods = allowed.join(", ");
  const message = `This path takes ${methods} only.`;
  return send(reply.header("allow", methods), { code: "METHOD_NOT_ALLOWED", message, details: null });
}
