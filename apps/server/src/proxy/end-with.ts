import type { Duplex } from "node:stream";

/** For these words to get out, and for the client to close its side: one that does neither is not waited for. */
const LAST_WORDS_MS = 2_000;

/** Ends a connection that is no request's. A client that never closed its side would have it for ever. */
export function endWith(socket: Duplex, lastWords: string): void {
  const late = setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
  socket.once("close", () => clearTimeout(late));
  socket.resume(); // only who reads sees that it was closed
  socket.end(lastWords);
}
