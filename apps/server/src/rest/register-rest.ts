import type { Actor, ApiContext, ApiServices } from "@berth/api/context.ts";
import { appRouter } from "@berth/api/router.ts";
import multipart from "@fastify/multipart";
import type { FastifyInstance, FastifyRequest, HTTPMethods } from "fastify";
import { sendMethodNotAllowed, sendNotFound } from "../errors.ts";
import { countUnderWay, createRequestContext } from "../request-context.ts";
import { serveDocs } from "./docs.ts";
import { type Answer, type KeyedRequest, NOBODY, runOnce } from "./idempotency.ts";
import { parseBodies } from "./parse-bodies.ts";
import { type RestProcedure, restProcedures } from "./procedures.ts";
import { readInput } from "./read-input.ts";
import { closeUpload } from "./upload.ts";

const PREFIX = "/api";
const JSON_TYPE = "application/json; charset=utf-8";
const METHODS: HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

interface RestOptions {
  services: ApiServices;
  procedures?: RestProcedure[];
}

/**
 * The second door: every procedure with a route, as plain HTTP with JSON. It adds no rule of its own: who may call, what
 * is valid and what is answered is the procedure's to say.
 */
export async function registerRest(
  app: FastifyInstance,
  { services, procedures = restProcedures(appRouter) }: RestOptions,
): Promise<void> {
  await app.register(
    async (scope) => {
      parseBodies(scope);
      await scope.register(multipart);
      scope.setNotFoundHandler(sendNotFound);
      for (const procedure of procedures) serve(scope, services, procedure);
      refuseOtherMethods(scope, procedures);
      await serveDocs(scope, procedures);
    },
    { prefix: PREFIX },
  );
}

function serve(scope: FastifyInstance, services: ApiServices, procedure: RestProcedure): void {
  const { method, path, status = 200 } = procedure.route;
  scope.route({
    method,
    url: urlOf(path),
    config: { fileField: procedure.route.upload?.field ?? null },
    async handler(request, reply) {
      const ctx = await createRequestContext(services, request, reply);
      countUnderWay(ctx, reply);
      const run = async () => ({ status, body: JSON.stringify(await callWith(ctx, await inputOf(request, ctx))) });
      const keyed = keyedRequest(procedure, request, ctx.actor);
      const answer: Answer & { isReplayed?: boolean } = keyed
        ? await runOnce(services, keyed, request.log, run)
        : await run();
      if (answer.isReplayed) reply.header("idempotency-replayed", "true");
      return reply.code(answer.status).type(JSON_TYPE).header("cache-control", "no-store").send(answer.body);
    },
  });
  const callWith = async (ctx: ApiContext, input: unknown): Promise<unknown> => {
    try {
      return await procedure.call(ctx, input);
    } finally {
      if (procedure.route.upload) await closeUpload(input, procedure.route.upload);
    }
  };
  // The file of who may not send one is not read: the procedure refuses them whatever they send.
  const inputOf = (request: FastifyRequest, { actor }: ApiContext): unknown =>
    procedure.route.upload && !maySend(procedure, actor) ? {} : readInput(procedure, request);
}

function maySend({ access }: RestProcedure, actor: Actor | null): boolean {
  if (access === "anyone") return true;
  return actor?.scope === "write" && (access !== "admin" || actor.role === "admin");
}

/** Null for what is run each time that it is sent. A token that may change nothing is refused by the procedure. */
function keyedRequest(
  { route, type, access }: RestProcedure,
  { headers, method, url, bodyText }: FastifyRequest,
  actor: Actor | null,
): KeyedRequest | null {
  const key = headers["idempotency-key"];
  const mayBeKept = method === "POST" && type === "mutation" && !route.isSecret && !route.upload;
  const mayAct = actor ? actor.scope === "write" : access === "anyone";
  if (typeof key !== "string" || !mayBeKept || !mayAct) return null;
  return { user_id: actor?.user_id ?? NOBODY, key, method, path: url.split("?", 1)[0] ?? url, bodyText };
}

/** `/api/containers/{container_id}` as Fastify writes it, below the prefix. */
const urlOf = (path: string): string => path.slice(PREFIX.length).replace(/\{(\w+)\}/g, ":$1");

function refuseOtherMethods(scope: FastifyInstance, procedures: readonly RestProcedure[]): void {
  for (const [path, taken] of Map.groupBy(procedures, ({ route }) => route.path)) {
    const methods = taken.map(({ route }) => route.method as string);
    const allowed = methods.includes("GET") ? [...methods, "HEAD", "OPTIONS"] : [...methods, "OPTIONS"];
    const url = urlOf(path);
    scope.options(url, (_request, reply) => reply.code(204).header("allow", allowed.join(", ")).send());
    scope.route({
      method: METHODS.filter((method) => !allowed.includes(String(method))),
      url,
      // Before a body is read: it is refused for its method, not for its type.
      onRequest: async (_request, reply) => sendMethodNotAllowed(reply, allowed),
      handler: (_request, reply) => sendMethodNotAllowed(reply, allowed),
    });
  }
}
