import { randomUUID } from "node:crypto";
import { getContainer } from "@berth/api/containers/get.ts";
import type { ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import { ContainerPath, TerminalQuery } from "@berth/spec/terminal.ts";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { WebSocket } from "ws";
import { closeWith } from "../close-with.ts";
import { addressOf } from "../request-context.ts";
import type { AcceptedSocket, SocketRegistry } from "../sockets/socket-registry.ts";
import { keepRows } from "../commands/keep-rows.ts";
import { TERMINAL_LIMITS, type TerminalEntry, type TerminalLimits, Terminals } from "./terminals.ts";

export interface TerminalOptions {
  services: ApiServices;
  sockets: Pick<SocketRegistry, "accept">;
  limits?: Partial<TerminalLimits>;
}

/** `/ws/containers/{container_id}/terminal`: its wire is described in packages/spec/src/terminal.ts. */
export function registerTerminals(app: FastifyInstance, { services, sockets, limits }: TerminalOptions): void {
  const parts = { services, serverId: randomUUID(), log: app.log };
  const terminals = new Terminals({ ...parts, limits: { ...TERMINAL_LIMITS, ...limits } });
  closeWith(app, terminals, keepRows({ ...parts, terminals }));
  app.get("/ws/containers/:container_id/terminal", { websocket: true }, async (socket, request) => {
    const accepted = await sockets.accept(request, socket);
    if (accepted) await serve({ services, terminals }, request, socket, accepted);
  });
}

/** What it throws is told to the socket. */
async function serve(
  { services, terminals }: { services: ApiServices; terminals: Terminals },
  request: FastifyRequest,
  socket: WebSocket,
  { actor, start }: AcceptedSocket,
): Promise<void> {
  services.calls.count(actor.user_id);
  if (actor.scope !== "write") {
    throw new DomainError("FORBIDDEN", "This token may only read: use one of scope write.");
  }
  const { container_id } = ContainerPath.parse(request.params);
  const { terminal_id, ...size } = TerminalQuery.parse(request.query);
  let entry: TerminalEntry;
  if (terminal_id === undefined) {
    entry = await terminals.open({ actor, address: addressOf(request) }, container_id, size);
  } else {
    await getContainer({ ...services, actor }, { container_id });
    entry = await terminals.find(actor, container_id, terminal_id);
  }
  if (socket.readyState === WebSocket.OPEN) {
    entry.session.attach(socket, size);
    start();
  } else if (terminal_id === undefined) {
    // It never learnt the terminal's id, so that nobody will come back to it.
    await terminals.hangUp(entry, new DomainError("GONE", "Nobody came back to this terminal."));
  }
}
