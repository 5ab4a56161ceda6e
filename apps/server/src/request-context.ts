import { authenticate } from "@berth/api/auth/authenticate.ts";
import type { ApiContext, ApiServices, Actor } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyRequest } from "fastify";

/** What a procedure is called with, by whatever door the request came. */
export async function createRequestContext(services: ApiServices, request: FastifyRequest): Promise<ApiContext> {
  const actor = await actorOf(services, request.headers.authorization);
  return { ...services, actor, address: request.ip, request_id: request.id, cookies: null };
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
