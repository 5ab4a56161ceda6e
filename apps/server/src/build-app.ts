import { randomUUID } from "node:crypto";
import type { ApiServices } from "@berth/api/context.ts";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { answerClientError } from "./client-error.ts";
import { registerConsole } from "./console.ts";
import { registerErrors, sendFailure } from "./errors.ts";
import { registerFiles } from "./files/register-files.ts";
import { registerHealth } from "./health.ts";
import { HttpServers } from "./http-servers.ts";
import { registerImageLogs } from "./image-logs/register-image-logs.ts";
import { registerJoin } from "./join/register-join.ts";
import { limitBodies } from "./limit-bodies.ts";
import type { Live } from "./live/open-live.ts";
import { registerLogs } from "./logs/register-logs.ts";
import { registerMetrics } from "./metrics.ts";
import { registerPhotos } from "./photos.ts";
import { RequestLog } from "./request-log.ts";
import { registerRegistry } from "./registry/register-registry.ts";
import { registerRest } from "./rest/register-rest.ts";
import { registerSecurityHeaders } from "./security-headers.ts";
import { registerSockets } from "./sockets/register-sockets.ts";
import { registerTerminals } from "./terminals/register-terminals.ts";
import { registerTrpc } from "./trpc.ts";

export interface AppOptions {
  services: ApiServices;
  log: FastifyBaseLogger;
  /** Where credentials that end are heard of; without it they are looked at now and then. */
  live?: Live;
  /** What listens; plain http where it is left out. */
  servers?: HttpServers;
  /** True for one proxy in front, whatever its address; or the addresses (or networks) of all that are in front. */
  trustProxy?: boolean | string[];
  /** Of one address, to all that this server serves. Guessing passwords is throttled apart, and harder. */
  requestsPerMinute?: number;
  /** The built console's folder; a plain page stands in where it is not there. */
  consoleDir?: string;
}

const MAX_BODY_BYTES = 1024 * 1024;
const REQUESTS_PER_MINUTE = 6_000;

/** The whole HTTP server, not listening yet. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { services, servers = new HttpServers() } = options;
  const app: FastifyInstance = Fastify({
    loggerInstance: options.log,
    logController: new RequestLog(),
    trustProxy: options.trustProxy === true ? isOneHopAway : (options.trustProxy ?? false),
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    serverFactory: (handler) => servers.create(handler),
    // Only told, so that the address that is logged begins with the right scheme.
    ...(servers.isSecure && { https: {} }),
    forceCloseConnections: "idle",
    // What has arrived is served to the end, and its connection closed then.
    return503OnClosing: false,
    // A batch names its procedures in the path.
    routerOptions: { maxParamLength: 5_000 },
    frameworkErrors: (error, request, reply) => void sendFailure(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  registerErrors(app);
  closeConnectionsWithTheApp(app);
  await registerSecurityHeaders(app);
  await limitRequests(app, options.requestsPerMinute ?? REQUESTS_PER_MINUTE);
  await app.register(cookie);
  registerMetrics(app, services);
  registerHealth(app, services);
  registerPhotos(app, services);
  const sockets = await registerSockets(app, options);
  limitBodies(app);
  registerTerminals(app, { services, sockets });
  registerLogs(app, { services, sockets });
  registerImageLogs(app, { services, sockets });
  registerFiles(app, options);
  await app.register(registerTrpc, { prefix: "/trpc", services, sockets });
  await registerRegistry(app, services);
  await app.register(async (scope) => registerJoin(scope, services));
  await registerRest(app, { services });
  await registerConsole(app, options.consoleDir);
  return app;
}

/**
 * What called us is believed, and nothing that it passed on: the first entries of X-Forwarded-For are whatever the proxy's
 * caller wrote there. Fastify takes a number of hops, too, but believes nobody by it.
 */
const isOneHopAway = (_address: string, hop: number): boolean => hop === 0;

/** For each address, or network of IPv6. A hook of our own counts what finds no route, too. */
async function limitRequests(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: "1 minute",
    // A load balancer asks these, and must not be told that we are ill because many ask us other things.
    allowList: (request) => ["/healthz", "/readyz"].includes(request.routeOptions.url ?? ""),
  });
  app.addHook("onRequest", app.rateLimit());
}

/** A connection that is busy when the app begins to close ends with its answer, instead of idling until it times out. */
function closeConnectionsWithTheApp(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onSend", async (_request, reply) => {
    if (isClosing) reply.header("connection", "close");
  });
}
