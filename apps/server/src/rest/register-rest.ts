import type { ApiServices } from "@berth/api/context.ts";
import { appRouter } from "@berth/api/router.ts";
import multipart from "@fastify/multipart";
import type { FastifyInstance, HTTPMethods } from "fastify";
import { sendMethodNotAllowed, sendNotFound } from "../errors.ts";
import { createRequestContext } from "../request-context.ts";
import { parseJsonBodies } from "./json-body.ts";
import { type RestProcedure, restProcedures } from "./procedures.ts";
import { readInput } from "./read-input.ts";

const PREFIX = "/api";
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
      parseJsonBodies(scope);
      await scope.register(multipart);
      scope.setNotFoundHandler(sendNotFound);
      for (const procedure of procedures) serve(scope, services, procedure);
      refuseOtherMethods(scope, procedures);
    },
    { prefix: PREFIX },
  );
}

function serve(scope: FastifyInstance, services: ApiServices, procedure: RestProcedure): void {
  const { method, path, status = 200 } = procedure.route;
  scope.route({
    method,
    url: urlOf(path),
    async handler(request, reply) {
      const ctx = await createRequestContext(services, request, { reply });
      // Nobody's file is not read: the procedure refuses them whatever they send.
      const isRefused = procedure.route.upload !== undefined && !ctx.actor && procedure.access !== "anyone";
      const input = isRefused ? {} : await readInput(procedure, request);
      const body = JSON.stringify(await procedure.call(ctx, input));
      return reply.code(status).type("application/json; charset=utf-8").header("cache-control", "no-store").send(body);
    },
  });
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
