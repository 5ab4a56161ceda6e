import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";
import { contentSecurityPolicy } from "./content-security-policy.ts";
import { isHttps } from "./origin.ts";

/**
 * What browsers are told to refuse, with every answer; a route may say otherwise of its own. Berth also works over plain
 * http on a lab's network, where some of it would only break it: that is said under https alone.
 */
export async function registerSecurityHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: false,
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    // Not "no-referrer", with which some requests of our own pages have the Origin "null".
    referrerPolicy: { policy: "same-origin" },
  });
  app.addHook("onRequest", async (request, reply) => {
    const isSecure = isHttps(request);
    reply.header("content-security-policy", contentSecurityPolicy(request.host, isSecure));
    if (!isSecure) return;
    reply.header("strict-transport-security", "max-age=31536000");
    reply.header("cross-origin-opener-policy", "same-origin");
  });
  // Nothing that was meant for one caller stays anywhere; what may be kept says so.
  app.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
}
