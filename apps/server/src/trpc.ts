import { authenticate } from "@berth/api/auth/authenticate.ts";
import type { ApiContext, ApiServices, Actor } from "@berth/api/context.ts";
import { appRouter, type AppRouter } from "@berth/api/router.ts";
import { toTrpcError } from "@berth/api/to-trpc-error.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** tRPC over HTTP with batching, and `Authorization: Bearer <access token>`. */
export async function registerTrpc(app: FastifyInstance, { services }: { services: ApiServices }): Promise<void> {
  await app.register(fastifyTRPCPlugin<AppRouter>, {
    trpcOptions: {
      router: appRouter,
      createContext: ({ req }) => createContext(services, req),
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

async function createContext(services: ApiServices, request: FastifyRequest): Promise<ApiContext> {
  try {
    const actor = await actorOf(services, request.headers.authorization);
    return { ...services, actor, address: request.ip, request_id: request.id };
  } catch (error) {
    throw toTrpcError(error);
  }
}

/** A token that is no good is none: signing in again works also with the old one in hand. */
async function actorOf(services: ApiServices, authorization: string | undefined): Promise<Actor | null> {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  if (token === undefined) return null;
  try {
    return await authenticate(services, token);
  } catch (error) {
    if (error instanceof DomainError && error.code === "UNAUTHORIZED") return null;
    throw error;
  }
}

function retryAfter(errors: readonly { cause?: unknown }[]): Record<string, string> {
  for (const { cause } of errors) {
    const seconds = cause instanceof DomainError ? cause.details?.["retry_after_s"] : undefined;
    if (typeof seconds === "number") return { "retry-after": String(seconds) };
  }
  return {};
}
