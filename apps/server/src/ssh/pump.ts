import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** What may wait for the network, of one connection. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Whom output goes to. */
export interface Reader {
  socket: Socket;
  /** Nobody reads it any more. */
  gone: AbortSignal;
}

/**
 * Copies as fast as the other side takes it. Once that is `gone`, what comes is read and thrown away: a command must not
 * hang on output that nobody will read.
 */
export async function pump(source: Readable, target: Writable, reader: Reader): Promise<void> {
  for await (const chunk of source as AsyncIterable<Buffer>) await written(target, chunk, reader);
}

/**
 * Resolves when it was taken, or when nobody will: a channel of ssh that has closed never says so. Ssh2 holds back no more
 * than a channel's window does, which its client may make as wide as it likes, so that the socket is looked at here.
 */
export async function written(target: Writable, chunk: Buffer, { socket, gone }: Reader): Promise<void> {
  while (socket.writableLength > MAX_WAITING_BYTES && !gone.aborted) {
    await once(socket, "drain", { signal: gone }).catch(() => undefined); // one that breaks is gone soon
  }
  if (gone.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      gone.removeEventListener("abort", done);
      resolve();
    };
    gone.addEventListener("abort", done);
    target.write(chunk, done);
  });
}
