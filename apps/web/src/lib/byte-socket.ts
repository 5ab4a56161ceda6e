import { CLOSE_CODE } from "@berth/spec/terminal.ts";
import { connection } from "./connection.ts";
import { PromptSocket } from "./prompt-socket.ts";
import { session } from "./session.ts";

/** What the server says beside the bytes of a terminal or a log. */
export type SocketWord =
  | { type: "opened"; terminal_id: string; replay: boolean }
  | { type: "exited"; exit_code: number | null }
  | { type: "logged"; next_seq: number }
  | { type: "error"; error: { code: string; message: string } };

export interface ByteSocketHandlers {
  onBytes(bytes: Uint8Array): void;
  onWord(word: SocketWord): void;
  /** {@link GOOD_END}, what {@link isLoss} knows a loss, anything else the code of an error that was told before. */
  onClose(code: number): void;
}

export interface ByteSocket {
  send(data: Uint8Array | object): void;
  close(): void;
}

/** A terminal's or a log's own socket, opened as who is signed in. */
export function openByteSocket(path: string, handlers: ByteSocketHandlers): ByteSocket {
  const socket = new PromptSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`);
  socket.binaryType = "arraybuffer";
  const closing = new AbortController();
  const { signal } = closing;
  const introduce = async (): Promise<void> => {
    const access_token = await session.token().catch(() => null);
    if (access_token === null) return socket.close();
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ access_token }));
  };
  socket.addEventListener("open", () => void introduce(), { signal });
  socket.addEventListener(
    "message",
    ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === "string") handlers.onWord(JSON.parse(data) as SocketWord);
      else handlers.onBytes(new Uint8Array(data));
    },
    { signal },
  );
  // The socket of changes asks for a sign of life, which this one can't: where that is lost, so is the way of both.
  const unfollow = connection.subscribe(() => connection.get() === "lost" && socket.close());
  signal.addEventListener("abort", unfollow);
  socket.addEventListener(
    "close",
    ({ code }) => {
      closing.abort();
      handlers.onClose(code);
    },
    { signal },
  );
  return {
    send(data) {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(data instanceof Uint8Array ? (data as Uint8Array<ArrayBuffer>) : JSON.stringify(data));
    },
    close() {
      closing.abort();
      socket.close();
    },
  };
}

export const GOOD_END = 1000;
/** The server went away, can't reach its database, or the way to it is lost: 4401 until one has signed in again. */
const LOSSES = new Set([1001, 1005, 1006, 4401, 4503]);
/** What was there may still be. */
export const isLoss = (code: number): boolean => LOSSES.has(code);
/** The far end knows nothing of what was there: it has ended, or another server had it. */
export const isGone = (code: number): boolean => code === CLOSE_CODE.GONE || code === CLOSE_CODE.NOT_FOUND;
export const RECONNECT_MS = 1_500;
