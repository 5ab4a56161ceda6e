import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { SocketNotice } from "@berth/spec/terminal.ts";
import { WebSocket, WebSocketServer } from "ws";

/** The other side of a socket, and all that it was told. */
export interface Peer {
  socket: WebSocket;
  notices: SocketNotice[];
  /** What came in binary messages. */
  read(): Buffer;
  closed: Promise<{ code: number; reason: string }>;
}

export function watchPeer(socket: WebSocket): Peer {
  const notices: SocketNotice[] = [];
  const parts: Buffer[] = [];
  socket.on("error", () => undefined); // its close tells
  socket.on("message", (data, isBinary) => {
    if (!Buffer.isBuffer(data)) return;
    if (isBinary) parts.push(data);
    else notices.push(JSON.parse(data.toString()) as SocketNotice);
  });
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  return { socket, notices, closed, read: () => Buffer.concat(parts) };
}

/** Real sockets over loopback. */
export async function openSocketPairs(): Promise<{
  open(): Promise<{ server: WebSocket; peer: Peer }>;
  close(): Promise<void>;
}> {
  const listening = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(listening, "listening");
  const { port } = listening.address() as AddressInfo;
  return {
    async open() {
      const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
      const peer = watchPeer(client);
      const [[server]] = (await Promise.all([once(listening, "connection"), once(client, "open")])) as [
        [WebSocket],
        [],
      ];
      return { server, peer };
    },
    async close() {
      for (const socket of listening.clients) socket.terminate();
      await new Promise<void>((resolve) => listening.close(() => resolve()));
    },
  };
}
