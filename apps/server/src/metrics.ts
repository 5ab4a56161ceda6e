import { authenticate } from "@berth/api/auth/authenticate.ts";
import type { ApiServices } from "@berth/api/context.ts";
import { appRouter } from "@berth/api/router.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { isFromThisMachine } from "./loopback.ts";
import { bearerTokenOf } from "./request-context.ts";

const register = new Registry();
collectDefaultMetrics({ register });

const requests = new Histogram({
  name: "berth_http_request_duration_seconds",
  help: "Until the answer was sent, by the pattern of the route. A WebSocket is none.",
  labelNames: ["method", "route", "status"],
  buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers: [register],
});

const openSockets = new Gauge({
  name: "berth_open_sockets",
  help: "WebSockets that are open now.",
  registers: [register],
});

/** Those that a browser has gone from, and may come back to, count too. */
export const openTerminals = new Gauge({
  name: "berth_open_terminals",
  help: "Terminals that run in containers now, watched or not.",
  registers: [register],
});

const procedureFailures = new Counter({
  name: "berth_trpc_failures_total",
  help: "Calls over tRPC that were refused or failed. Those of the REST door are told by their routes.",
  labelNames: ["procedure", "code"],
  registers: [register],
});

export function countProcedureFailure(path: string | undefined, code: string): void {
  // What a caller made up would be kept for ever.
  const procedure = path !== undefined && Object.hasOwn(appRouter._def.procedures, path) ? path : "none";
  procedureFailures.inc({ procedure, code });
}

/** Times every request, and answers `/metrics` to this machine itself, or to an admin's token. */
export function registerMetrics(app: FastifyInstance, services: ApiServices): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
  });
  app.get("/metrics", { logLevel: "warn" }, async (request, reply) => {
    if (!isFromThisMachine(request)) await requireAdmin(services, request);
    openSockets.set(app.hasDecorator("websocketServer") ? app.websocketServer.clients.size : 0);
    return reply.type(register.contentType).send(await register.metrics());
  });
}

async function requireAdmin(services: ApiServices, request: FastifyRequest): Promise<void> {
  const token = bearerTokenOf(request);
  if (token === null) throw new DomainError("UNAUTHORIZED", "From another machine, metrics need an admin's token.");
  const { role } = await authenticate(services, token);
  if (role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin may read metrics.");
}
