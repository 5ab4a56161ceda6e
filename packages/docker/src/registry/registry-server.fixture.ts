import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { connectRegistry } from "./connect-registry.ts";
import type { Registry } from "./registry.ts";
import type { RegistryConnection } from "./registry-link.ts";

export interface RegistryServer {
  registry: Registry;
  url: string;
  /** "GET /v2/", of all requests. */
  requests: string[];
  connections: { opened: number };
}

/** A server on the loopback that answers as the test wants it. It ends with the test. */
export async function startRegistryServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  authorize: RegistryConnection["authorize"] = null,
): Promise<RegistryServer> {
  const sockets = new Set<Socket>();
  const started: Omit<RegistryServer, "registry" | "url"> = { requests: [], connections: { opened: 0 } };
  const server = createServer((request, response) => {
    started.requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    started.connections.opened += 1;
    socket.on("error", () => {}); // the faults cause these
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const registry = connectRegistry({ url, ca: null, authorize });
  onTestFinished(async () => {
    registry.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { ...started, registry, url };
}
