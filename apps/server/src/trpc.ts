import type { ApiContext, ApiServices } from "@berth/api/context.ts";
import { appRouter, type AppRouter } from "@berth/api/router.ts";
import { toTrpcError } from "@berth/api/to-trpc-error.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { createRequestContext, type Door } from "./request-context.ts";

/** tRPC over HTTP with batching, for bearers of a token and for the console's session cookie. */
export async function registerTrpc(app: FastifyInstance, { services }: { services: ApiServices }): Promise<void> {
  await app.register(fastifyTRPCPlugin<AppRouter>, {
    trpcOptions: {
      router: appRouter,
      createContext: ({ req, res }) => createContext(services, req, { reply: res, takesSessionCookie: true }),
      maxBatchSize: 50,
      responseMeta: ({ errors }) => ({ headers: retryAfter(errors) }),
      onError({ error, path, req }) {
        const fields = { requestId: req.id, path, code: error.code };
        if (error.code === "INTERNAL_SERVER_ERROR") req.log.error({ ...fields, err: error.cause }, "procedure failed");
        else if (error.code === "SERVICE_UNAVAILABLE")
          req.log.warn({ ...fields, err: error.cause }, "database is away");
        else req.log.debug(fields, "procedure refused");
      },
    },
  } satisfies FastifyTRPCPluginOptions<AppRouter>);
}

async function createContext(services: ApiServices, request: FastifyRequest, door: Door): Promise<ApiContext> {
  try {
    return await createRequestContext(services, request, door);
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
