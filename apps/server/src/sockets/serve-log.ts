import type { Actor, ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { SocketNotice } from "@berth/spec/terminal.ts";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";
import { endSocket, failSocket } from "./fail-socket.ts";
import { sendAtPace } from "./send-at-pace.ts";
import type { SocketRegistry } from "./socket-registry.ts";

export interface LogOptions {
  services: ApiServices;
  sockets: Pick<SocketRegistry, "accept">;
}

export interface LogReader {
  services: ApiServices;
  actor: Actor;
  log: FastifyBaseLogger;
  /** Aborts where the reader has gone. */
  signal: AbortSignal;
}

/** A log of which a socket is sent all there is, and what comes. What `follow` throws for its request is told to it. */
export function serveLog(
  app: FastifyInstance,
  url: string,
  { services, sockets }: LogOptions,
  follow: (reader: LogReader, request: FastifyRequest) => AsyncIterable<Uint8Array | SocketNotice>,
): void {
  app.get(url, { websocket: true }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (!accepted) return;
    const { actor, start } = accepted;
    services.calls.count(actor.user_id);
    const closed = new AbortController();
    const messages = follow({ services, actor, log: request.log, signal: closed.signal }, request);
    socket.once("close", () => closed.abort());
    if (socket.readyState !== socket.OPEN) return;
    socket.on("message", () => {
      failSocket(socket, new DomainError("BAD_REQUEST", "A log is only read: it takes no messages."), request.log);
    });
    start();
    await sendAtPace(socket, messages, closed.signal);
    endSocket(socket, 1000, "That was all of it.");
  });
}
