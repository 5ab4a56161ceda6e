import { networkOf } from "@berth/api/auth/login-throttle.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { addressOf } from "./request-context.ts";

/** Some dozen photos, or as many as one wants of what is usually sent. */
const BYTES_PER_ADDRESS = 64 * 1024 * 1024;
/** What is kept in memory of one body at most, whatever it says of its length: nothing larger is taken whole. */
const MAX_KEPT_BYTES = 6 * 1024 * 1024;

/**
 * How much one address, or network of IPv6, may be sending at once. A body is kept in memory until it has arrived and is
 * answered, and who sends it is asked only then: slow ones would take all memory there is. Above it are
 * TOO_MANY_REQUESTS, before anything of the body is read.
 */
export function limitBodies(app: FastifyInstance, bytesPerAddress = BYTES_PER_ADDRESS): void {
  const sending = new Map<string, number>();
  app.addHook("onRequest", async (request, reply) => {
    const bytes = bytesToKeep(request);
    if (bytes === 0) return;
    const network = networkOf(addressOf(request));
    const before = sending.get(network) ?? 0;
    if (before + bytes > bytesPerAddress) {
      const message = "Too much is being sent from this address at once: try again in a moment.";
      throw new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s: 1 });
    }
    sending.set(network, before + bytes);
    // Answered, or its connection was lost.
    reply.raw.once("close", () => {
      const left = (sending.get(network) ?? bytes) - bytes;
      if (left > 0) sending.set(network, left);
      else sending.delete(network);
    });
  });
}

function bytesToKeep({ headers, ws }: FastifyRequest): number {
  // Of a handshake no body is read, and its answer is never closed.
  if (ws) return 0;
  if (headers["transfer-encoding"] !== undefined) return MAX_KEPT_BYTES;
  return Math.min(Number(headers["content-length"] ?? 0), MAX_KEPT_BYTES);
}
