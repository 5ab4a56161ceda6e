import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connectEngine } from "../connect-engine.ts";
import type { Engine } from "../engine.ts";

/** Answers one request: by `response`, or by raw bytes on `socket`. */
export type Answer = (exchange: { request: IncomingMessage; response: ServerResponse; socket: Socket }) => void;

/** A server on the loopback that says it is Docker and answers every request but a ping as the test wants it. */
export interface FaultServer extends AsyncDisposable {
  engine: Engine;
  port: number;
  /** "GET /v1.41/containers/json?all=true", of all requests but pings. */
  requests: string[];
  /** How many pings came. */
  pings: number;
  /** How many connections there were in all, and are now. */
  connections: { opened: number; open: number };
  /** The newest API version that it claims to speak. */
  apiVersion: string;
}

export async function startFaultServer(answer: Answer): Promise<FaultServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.setHeader("Api-Version", fault.apiVersion);
    if (request.url === "/_ping") {
      fault.pings += 1;
      response.end("OK");
      return;
    }
    fault.requests.push(`${request.method} ${request.url}`);
    answer({ request, response, socket: request.socket });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    fault.connections.opened += 1;
    fault.connections.open += 1;
    socket.on("error", () => {}); // the faults cause these
    socket.once("close", () => {
      sockets.delete(socket);
      fault.connections.open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const engine = connectEngine({ kind: "plain", host: "127.0.0.1", port }, { connectTimeoutMs: 10_000 });
  const fault: FaultServer = {
    engine,
    port,
    requests: [],
    pings: 0,
    connections: { opened: 0, open: 0 },
    apiVersion: "1.41",
    async [Symbol.asyncDispose]() {
      engine.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fault;
}

/** The head of an answer in chunks, written by hand so that the body can end as no server would end it. */
export const CHUNKED_HEAD = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nTransfer-Encoding: chunked\r\n\r\n";

export function chunk(body: string): string {
  return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`;
}
