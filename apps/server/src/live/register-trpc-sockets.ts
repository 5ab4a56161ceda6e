import type { IncomingMessage } from "node:http";
import type { Actor, ApiContext, ApiServices } from "@berth/api/context.ts";
import { getWSConnectionHandler } from "@trpc/server/adapters/ws";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import { logTrpcFailure } from "../log-trpc-failure.ts";
import { addressOf } from "../request-context.ts";
import type { SocketRegistry } from "../sockets/socket-registry.ts";
import { socketRouter } from "../trpc-routers.ts";
import { SubscriptionSlots } from "./subscription-slots.ts";

/** Who sends and does not read what is answered is cut off. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface TrpcSocketOptions {
  services: ApiServices;
  sockets: Pick<SocketRegistry, "accept">;
}

/** tRPC's subscriptions, as its `wsLink` speaks them, with the access token in `connectionParams`. */
export function registerTrpcSockets(app: FastifyInstance, { services, sockets }: TrpcSocketOptions): void {
  app.get("/", { websocket: true, prefixTrailingSlash: "no-slash" }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (!accepted) return;
    const context = contextOf(services, accepted.actor, request, socket);
    const serve = getWSConnectionHandler({
      wss: app.websocketServer,
      router: socketRouter,
      createContext: () => context,
      onError({ error, path }) {
        // Without a path it was the connection.
        if (path === undefined) request.log.debug({ err: error }, "a tRPC socket broke");
        else logTrpcFailure(request, error, path);
      },
    });
    serve(socket, withoutQuery(request.raw));
    socket.on("message", () => {
      if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
    });
    accepted.start();
  });
}

function contextOf(services: ApiServices, actor: Actor, request: FastifyRequest, socket: WebSocket): ApiContext {
  const slots = new SubscriptionSlots(socket);
  const { changes, stats } = services;
  return {
    ...services,
    changes: { follow: (person, signal) => slots.use(changes.follow(person, signal), signal) },
    stats: { follow: (containerId, signal) => slots.use(stats.follow(containerId, signal), signal) },
    actor,
    address: addressOf(request),
    request_id: request.id,
    cookies: null,
  };
}

/** The query announced a token as the first message, which we have taken already. */
const withoutQuery = (request: IncomingMessage): IncomingMessage =>
  Object.create(request, { url: { value: "/trpc" } }) as IncomingMessage;
