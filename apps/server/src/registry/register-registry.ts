import { timingSafeEqual } from "node:crypto";
import type { ApiServices } from "@berth/api/context.ts";
import { isDatabaseAway } from "@berth/api/database-away.ts";
import { issueUserToken } from "@berth/api/registry/issue-user-token.ts";
import { recordPush } from "@berth/api/registry/record-push.ts";
import { RegistryError } from "@berth/docker/registry/registry.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendFailure } from "../errors.ts";
import { addressOf, bearerTokenOf } from "../request-context.ts";
import { readTagPushes } from "./read-events.ts";
import { type TokenQuery, readGet, readPost } from "./read-token-request.ts";

const MAX_FORM_BYTES = 16 * 1024;
const EVENTS_TYPE = "application/vnd.docker.distribution.events.v1+json";
const MAX_EVENTS_BYTES = 1024 * 1024;

/**
 * What the registry and Docker clients ask of us, in distribution's own forms: who may what (`/registry/token`), and what
 * happened (`/registry/events`).
 */
export async function registerRegistry(app: FastifyInstance, services: ApiServices): Promise<void> {
  await app.register(async (scope) => serveTokens(scope, services));
  await app.register(async (scope) => serveEvents(scope, services));
}

function serveTokens(scope: FastifyInstance, services: ApiServices): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: MAX_FORM_BYTES },
    (_request, text, done) => done(null, new URLSearchParams(String(text))),
  );
  // Docker shows a person what is in `errors`.
  scope.setErrorHandler((error: Error, request, reply) => {
    if (error instanceof DomainError && error.code === "UNAUTHORIZED") {
      reply.header("www-authenticate", 'Basic realm="Berth", charset="UTF-8"');
    }
    return sendFailure(error, request, reply, (failure) => ({
      error: failure,
      // Docker repeats a push for a minute after a code that distribution does not know, before it shows anything.
      errors: [{ code: failure.code === "CONFLICT" ? "DENIED" : failure.code, message: failure.message }],
    }));
  });
  const answer = async (request: FastifyRequest, reply: FastifyReply, query: TokenQuery) => {
    const token = await issueUserToken(services, { ...query, address: addressOf(request) });
    return reply.header("cache-control", "no-store").send(token);
  };
  scope.get("/registry/token", (request, reply) => answer(request, reply, readGet(request.url, request.headers)));
  scope.post<{ Body: URLSearchParams | undefined }>("/registry/token", (request, reply) =>
    answer(request, reply, readPost(request.body ?? new URLSearchParams(), request.headers)),
  );
}

function serveEvents(scope: FastifyInstance, services: ApiServices): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    EVENTS_TYPE,
    { parseAs: "string", bodyLimit: MAX_EVENTS_BYTES },
    scope.getDefaultJsonParser("remove", "remove"),
  );
  // Before the body is read.
  const requireSecret = async (request: FastifyRequest): Promise<void> => {
    const sent = bearerTokenOf(request);
    if (sent !== null && isSame(sent, await services.registries.eventsSecret())) return;
    throw new DomainError("UNAUTHORIZED", "Only the registry tells what happened there.");
  };
  scope.post("/registry/events", { onRequest: requireSecret, logLevel: "warn" }, async (request, reply) => {
    for (const push of readTagPushes(request.body)) {
      try {
        await recordPush(services, push);
      } catch (error) {
        // The registry repeats what we do not take, and tells nothing else meanwhile: only what may pass is worth that.
        if (isDatabaseAway(error)) throw error;
        if (error instanceof RegistryError && MAY_PASS.has(error.kind)) {
          throw new DomainError("UNAVAILABLE", "The registry does not answer.");
        }
        request.log.warn({ err: error, push }, "what was pushed can't be recorded");
      }
    }
    return reply.code(204).send();
  });
}

const MAY_PASS = new Set<RegistryError["kind"]>(["unreachable", "failed", "closed"]);

function isSame(sent: string, secret: string): boolean {
  const [a, b] = [Buffer.from(sent), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
