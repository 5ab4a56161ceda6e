import type { ApiContext, ApiServices } from "@berth/api/context.ts";
import { toTrpcError } from "@berth/api/to-trpc-error.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { registerTrpcSockets, type TrpcSocketOptions } from "./live/register-trpc-sockets.ts";
import { logTrpcFailure } from "./log-trpc-failure.ts";
import { countUnderWay, createRequestContext } from "./request-context.ts";
import { httpRouter } from "./trpc-routers.ts";

/** tRPC over HTTP with batching, and over WebSockets. */
export async function registerTrpc(app: FastifyInstance, { services, sockets }: TrpcSocketOptions): Promise<void> {
  registerTrpcSockets(app, { services, sockets });
  // Of a mutation without input, tRPC's own client sends nothing as JSON, which tRPC's server then can't read.
  app.addHook("preHandler", async (request) => {
    if (request.body === "") request.body = "{}";
  });
  await app.register(fastifyTRPCPlugin<typeof httpRouter>, {
    trpcOptions: {
      router: httpRouter,
      createContext: ({ req, res }) => createContext(services, req, res),
      maxBatchSize: 20,
      responseMeta: ({ errors }) => ({ headers: retryAfter(errors) }),
      onError: ({ error, path, req }) => logTrpcFailure(req, error, path),
    },
  } satisfies FastifyTRPCPluginOptions<typeof httpRouter>);
}

async function createContext(services: ApiServices, request: FastifyRequest, reply: FastifyReply): Promise<ApiContext> {
  try {
    const ctx = await createRequestContext(services, request, reply);
    countUnderWay(ctx, reply);
    return ctx;
  } catch (error) {
    throw toTrpcError(error);
  }
}

function retryAfter(errors: readonly { cause?: unknown }[]): Record<string, string> {
  for (const { cause } of errors) {
    const seconds = cause instanceof DomainError ? cause.details?.["retry_after_s"] : undefined;
    if (typeof seconds === "number") return { "retry-after": String(seconds) };
  }
  return {};
}
