import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const CODES: Record<number, string> = {
  400: "BAD_REQUEST",
  404: "NOT_FOUND",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
};

/** What fails before a procedure is reached: `{"error":{"code","message","details"}}`, and never how we are made. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return sendError(reply, status, error.message);
    request.log.error({ err: error, requestId: request.id }, "request failed");
    return sendError(reply, 500, "internal error", { request_id: request.id });
  });
}

const sendError = (reply: FastifyReply, status: number, message: string, details: object | null = null) =>
  reply.code(status).send({ error: { code: CODES[status] ?? "INTERNAL_SERVER_ERROR", message, details } });

export const sendNotFound = (_request: FastifyRequest, reply: FastifyReply) =>
  sendError(reply, 404, "There is nothing here.");
