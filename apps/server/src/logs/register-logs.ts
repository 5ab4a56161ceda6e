import type { ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { ContainerPath, LogsQuery } from "@berth/spec/terminal.ts";
import type { FastifyInstance } from "fastify";
import { endSocket, failSocket } from "../sockets/fail-socket.ts";
import { sendAtPace } from "../sockets/send-at-pace.ts";
import type { SocketRegistry } from "../sockets/socket-registry.ts";
import { followLog } from "./follow-log.ts";

export interface LogOptions {
  services: ApiServices;
  sockets: Pick<SocketRegistry, "accept">;
}

/** `/ws/containers/{container_id}/logs`: its wire is described in packages/spec/src/terminal.ts. */
export function registerLogs(app: FastifyInstance, { services, sockets }: LogOptions): void {
  app.get("/ws/containers/:container_id/logs", { websocket: true }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (!accepted) return;
    const { actor, start } = accepted;
    services.calls.count(actor.user_id);
    const { container_id } = ContainerPath.parse(request.params);
    const query = LogsQuery.parse(request.query);
    const closed = new AbortController();
    socket.once("close", () => closed.abort());
    if (socket.readyState !== socket.OPEN) return;
    socket.on("message", () => {
      failSocket(socket, new DomainError("BAD_REQUEST", "A log is only read: it takes no messages."), request.log);
    });
    start();
    const parts = { services, actor, log: request.log, signal: closed.signal };
    await sendAtPace(socket, followLog(parts, container_id, query), closed.signal);
    endSocket(socket, 1000, "That was all of it.");
  });
}
