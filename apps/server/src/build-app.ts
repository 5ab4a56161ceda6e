import { randomUUID } from "node:crypto";
import type { ApiServices } from "@berth/api/context.ts";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { registerConsole } from "./console.ts";
import { CONTENT_SECURITY_POLICY } from "./content-security-policy.ts";
import { registerErrors } from "./errors.ts";
import { registerHealth } from "./health.ts";
import { registerTrpc } from "./trpc.ts";

export interface AppOptions {
  services: ApiServices;
  log: FastifyBaseLogger;
  trustProxy?: boolean | string[];
  /** Of one address, to all that this server serves. Guessing passwords is throttled apart, and harder. */
  requestsPerMinute?: number;
  /** The built console's folder; a plain page stands in where it is not there. */
  consoleDir?: string;
}

const MAX_BODY_BYTES = 1024 * 1024;

/** The whole HTTP server, not listening yet. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.log,
    trustProxy: options.trustProxy ?? false,
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    forceCloseConnections: "idle",
    // A batch names its procedures in the path.
    routerOptions: { maxParamLength: 5_000 },
  });
  registerErrors(app);
  closeConnectionsWithTheApp(app);
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    // Berth also works over plain http on a lab's network, where these would only break it or warn.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });
  await app.register(rateLimit, {
    max: options.requestsPerMinute ?? 6_000,
    timeWindow: "1 minute",
    allowList: (request) => request.url === "/healthz" || request.url === "/readyz",
  });
  await app.register(cookie);
  registerHealth(app, options.services);
  await app.register(registerTrpc, { prefix: "/trpc", services: options.services });
  await registerConsole(app, options.consoleDir);
  return app;
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
