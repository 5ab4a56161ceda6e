import type { RawData, WebSocket } from "ws";

export interface Message {
  data: RawData;
  isBinary: boolean;
}

export interface HeldMessages {
  /** Takes the first message. Null where none comes in time, or the socket closes first. */
  first(timeoutMs: number): Promise<Message | null>;
  /** Call once the handlers are attached: what was held is emitted again, and the socket flows. */
  release(): void;
}

/**
 * Keeps what arrives while nobody listens yet. The socket is paused at its first message, so that no more is kept than
 * that one and what came in the same read of the network.
 */
export function holdMessages(socket: WebSocket): HeldMessages {
  const held: Message[] = [];
  let arrived = (): void => undefined;
  const onMessage = (data: RawData, isBinary: boolean): void => {
    socket.pause();
    held.push({ data, isBinary });
    arrived();
  };
  socket.on("message", onMessage);
  return {
    async first(timeoutMs) {
      if (held.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        arrived = resolve;
        socket.once("close", resolve);
        const timer = setTimeout(resolve, timeoutMs);
        await promise;
        clearTimeout(timer);
        socket.off("close", resolve);
      }
      return held.shift() ?? null;
    },
    release() {
      socket.off("message", onMessage);
      // Before the handlers hear anything: one of them may pause it again.
      socket.resume();
      for (const { data, isBinary } of held.splice(0)) socket.emit("message", data, isBinary);
    },
  };
}
