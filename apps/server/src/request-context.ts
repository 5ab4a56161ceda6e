import { isIP } from "node:net";
import { authenticate } from "@berth/api/auth/authenticate.ts";
import type { ApiContext, ApiServices, Actor } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { browserCookies } from "./cookies.ts";
import { isSameOrigin, originOf } from "./origin.ts";

/** What a procedure is called with, by whatever door the request came. Who calls is told by its bearer token alone. */
export async function createRequestContext(
  services: ApiServices,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ApiContext> {
  return {
    ...services,
    actor: await actorOf(services, request),
    address: addressOf(request),
    origin: originOf(request),
    request_id: request.id,
    cookies: isSameOrigin(request) ? browserCookies(request, reply) : null,
  };
}

/** Until its answer was sent, or its connection lost. TOO_MANY_REQUESTS for an account with too many of them at once. */
export function countUnderWay({ actor, calls }: ApiContext, { raw }: FastifyReply): void {
  if (!actor) return;
  const end = calls.begin(actor.user_id);
  // Who left while it was looked up who they are has been heard of already.
  if (raw.destroyed) end();
  else raw.once("close", end);
}

/** A proxy that is believed may still pass on what its caller wrote. */
export const addressOf = ({ ip, socket }: FastifyRequest): string | null =>
  isIP(ip) ? ip : (socket.remoteAddress ?? null);

/** A token that is no good is none: signing in again works also with the old one in hand. */
async function actorOf(services: ApiServices, request: FastifyRequest): Promise<Actor | null> {
  const token = bearerTokenOf(request);
  if (token === null) return null;
  try {
    return await authenticate(services, token);
  } catch (error) {
    if (error instanceof DomainError && error.code === "UNAUTHORIZED") return null;
    throw error;
  }
}

const MAX_TOKEN_LENGTH = 4_096;

/** Null where there is no Authorization header, one of another kind, or several. */
export function bearerTokenOf(request: FastifyRequest): string | null {
  const [authorization = "", ...others] = authorizationsOf(request);
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization.trim()) ?? [];
  return token === undefined || token.length > MAX_TOKEN_LENGTH || others.length > 0 ? null : token;
}

/** All of them: Node would keep the first, where a proxy has perhaps judged by the last. */
function authorizationsOf({ raw: { rawHeaders } }: FastifyRequest): string[] {
  const found: string[] = [];
  for (let name = 0; name < rawHeaders.length; name += 2) {
    if (rawHeaders[name]?.toLowerCase() === "authorization") found.push(rawHeaders[name + 1] ?? "");
  }
  return found;
}
