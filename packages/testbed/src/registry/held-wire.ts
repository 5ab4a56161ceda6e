import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";

type Direction = "requests" | "answers";

/** A relay before a registry, on which a transfer can be held in its middle for as long as a test wants. */
export interface HeldWire {
  /** `HOST:PORT`, on the same host as what is behind it. */
  address: string;
  /**
   * From now on each connection, also one that comes, lets that many bytes of requests (or of answers) pass and then
   * nothing; or all until a piece that begins with that text.
   */
  hold(direction: Direction, until: number | string): void;
  /** Whether something waits behind the hold now. */
  isHolding(): boolean;
  /** All that waits passes, and what comes. */
  release(): void;
  close(): Promise<void>;
}

/** `behind` is `HOST:PORT`; when it refuses or ends a connection, so does the wire. */
export async function startHeldWire(behind: string): Promise<HeldWire> {
  const [host = "", port] = behind.split(":");
  const sockets = new Set<Socket>();
  let gate: { direction: Direction; until: number | string; open: PromiseWithResolvers<void> } | null = null;
  const waiting = new Set<Socket>();

  async function* pass(from: Socket, direction: Direction): AsyncGenerator<Buffer> {
    let counted: typeof gate = null;
    let bytes = 0;
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (gate?.direction === direction) {
        if (counted !== gate) [counted, bytes] = [gate, 0];
        bytes += chunk.length;
        const { until, open } = gate;
        if (typeof until === "number" ? bytes > until : chunk.toString("latin1").startsWith(until)) {
          waiting.add(from);
          await open.promise;
          waiting.delete(from);
        }
      }
      yield chunk;
    }
  }

  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const [socket, other, direction] of [
      [near, far, "requests"],
      [far, near, "answers"],
    ] as const) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        waiting.delete(socket);
        other.destroySoon();
      });
      // Both ends are told of a failure by their own sockets.
      pipeline(socket, (source: Socket) => pass(source, direction), other).catch(() => other.destroy());
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    hold(direction, until) {
      gate?.open.resolve();
      gate = { direction, until, open: Promise.withResolvers() };
    },
    isHolding: () => waiting.size > 0,
    release() {
      gate?.open.resolve();
      gate = null;
    },
    async close() {
      gate?.open.resolve();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
