import type { ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { ImageLogQuery, ImagePath } from "@berth/spec/terminal.ts";
import type { FastifyInstance } from "fastify";
import { endSocket, failSocket } from "../sockets/fail-socket.ts";
import { sendAtPace } from "../sockets/send-at-pace.ts";
import type { SocketRegistry } from "../sockets/socket-registry.ts";
import { followImageLog } from "./follow-image-log.ts";

export interface ImageLogOptions {
  services: ApiServices;
  sockets: Pick<SocketRegistry, "accept">;
}

/** `/ws/images/{image_id}/log`: its wire is described in packages/spec/src/terminal.ts. */
export function registerImageLogs(app: FastifyInstance, { services, sockets }: ImageLogOptions): void {
  app.get("/ws/images/:image_id/log", { websocket: true }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (!accepted) return;
    const { actor, start } = accepted;
    services.calls.count(actor.user_id);
    const { image_id } = ImagePath.parse(request.params);
    const query = ImageLogQuery.parse(request.query);
    const closed = new AbortController();
    socket.once("close", () => closed.abort());
    if (socket.readyState !== socket.OPEN) return;
    socket.on("message", () => {
      failSocket(socket, new DomainError("BAD_REQUEST", "A log is only read: it takes no messages."), request.log);
    });
    start();
    const parts = { services, actor, signal: closed.signal };
    await sendAtPace(socket, followImageLog(parts, image_id, query), closed.signal);
    endSocket(socket, 1000, "That was all of it.");
  });
}
