import type { ApiServices } from "@berth/api/context.ts";
import websocket from "@fastify/websocket";
import type { FastifyInstance } from "fastify";
import { sendNotFound } from "../errors.ts";
import type { Live } from "../live/open-live.ts";
import { endSocket, failSocket } from "./fail-socket.ts";
import { SOCKET_LIMITS, SocketRegistry, type SocketLimits } from "./socket-registry.ts";

const GOING_AWAY = 1001;
const MAX_MESSAGE_BYTES = 1024 * 1024;

export interface SocketOptions {
  services: ApiServices;
  /** Without it a credential's end is seen when it is looked at next. */
  live?: Pick<Live, "onCredentials"> | undefined;
  limits?: Partial<SocketLimits>;
}

/**
 * WebSockets for the app's routes with `websocket: true`. Their handlers begin with
 * `const accepted = await sockets.accept(request, socket)`, attach what they listen with, and call `accepted.start()`.
 */
export async function registerSockets(app: FastifyInstance, { services, live, limits }: SocketOptions) {
  const sockets = new SocketRegistry(services, { ...SOCKET_LIMITS, ...limits });
  live?.onCredentials((userId) => void sockets.recheck(userId));
  await app.register(websocket, {
    // Compression costs memory for each socket, and what a terminal sends is small or random.
    options: { maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false },
    errorHandler(error, socket, request) {
      if (isOfTheWire(error)) request.log.debug({ err: error }, "a socket broke");
      else failSocket(socket, error, request.log);
    },
    preClose(done) {
      sockets.close();
      // Also those that have not said yet who they are. Without an end of theirs the app's would wait for them.
      const { clients } = app.websocketServer;
      for (const socket of clients) endSocket(socket, GOING_AWAY, "The server stops: connect again.");
      app.websocketServer.close();
      done();
    },
  });
  refuseOtherHandshakes(app);
  return sockets;
}

/** The plugin would open a socket on any path, only to close it: one that nobody counts, and that need not agree. */
function refuseOtherHandshakes(app: FastifyInstance): void {
  const served = new Set<string>();
  app.addHook("onRoute", ({ websocket, url }) => {
    if (websocket) served.add(url);
  });
  app.addHook("onRequest", async (request, reply) => {
    if (request.ws && !served.has(request.routeOptions.url ?? "")) return sendNotFound(request, reply);
  });
}

/** A peer that broke the protocol, for which ws has closed the socket, or a network that did. */
const isOfTheWire = (error: Error): boolean =>
  "code" in error && typeof error.code === "string" && /^(WS_ERR_|E[A-Z]+$)/.test(error.code);
