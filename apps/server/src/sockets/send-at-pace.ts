import { once } from "node:events";
import type { SocketNotice } from "@berth/spec/terminal.ts";
import type { WebSocket } from "ws";
import { SocketOutput } from "../terminals/socket-output.ts";

/** Bytes as binary messages, notices as text. Asks for more only when the reader takes what is there: it may be slow, or never read at all. */
export async function sendAtPace(
  socket: WebSocket,
  messages: AsyncIterable<Uint8Array | SocketNotice>,
  closed: AbortSignal,
): Promise<void> {
  const room = new EventTarget();
  const output = new SocketOutput(socket, () => room.dispatchEvent(new Event("room")));
  for await (const message of messages) {
    if (message instanceof Uint8Array) output.send(message);
    else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    if (output.isFull) await once(room, "room");
    if (closed.aborted) return;
  }
}
