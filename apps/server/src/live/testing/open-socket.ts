import { vi } from "vitest";
import { WebSocket } from "ws";

export interface Received {
  id: number | null;
  result?: { type: "started" | "data" | "stopped"; data?: unknown };
  error?: { message: string; data: { code: string; details: unknown; request_id: string | null } };
}

/** A WebSocket of a test, and all that it was sent. */
export interface TestSocket {
  socket: WebSocket;
  /** Every text message, parsed. */
  messages: Received[];
  /** Resolves with the close code. */
  closed: Promise<number>;
  send(message: object): void;
  /** Subscribes as tRPC's wsLink does; what is yielded is in `messages` under `id`. */
  subscribe(id: number, path: string, input?: unknown): void;
  /** What subscription `id` yielded so far. */
  yielded<Item>(id: number): Item[];
  /** Until something was received that this accepts. */
  waitFor(what: string, accepts: (messages: Received[]) => boolean): Promise<void>;
}

export interface SocketClient {
  /** The access token, sent first; without it nothing is. */
  token?: string;
  headers?: Record<string, string>;
}

/** Opens a WebSocket to an app that listens on loopback, and closes it with the test. */
export async function openSocket(url: string, { token, headers = {} }: SocketClient = {}): Promise<TestSocket> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { headers });
  const messages: Received[] = [];
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.on("message", (data, isBinary) => {
    if (!isBinary && Buffer.isBuffer(data)) messages.push(JSON.parse(data.toString()) as Received);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const send = (message: object): void => socket.send(JSON.stringify(message));
  if (token !== undefined) send({ method: "connectionParams", data: { access_token: token } });
  return {
    socket,
    messages,
    closed,
    send,
    subscribe: (id, path, input) => send({ id, method: "subscription", params: { path, input } }),
    yielded: <Item>(id: number) =>
      messages
        .filter((message) => message.id === id && message.result?.type === "data")
        .map(({ result }) => result?.data as Item),
    waitFor: (what, accepts) =>
      vi.waitFor(
        () => {
          if (!accepts(messages)) throw new Error(`no ${what} in ${JSON.stringify(messages.slice(-5))}`);
        },
        { timeout: 10_000 },
      ),
  };
}
