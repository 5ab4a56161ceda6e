import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";

/** What may wait in memory for a slow reader before more is asked for. */
const WAITING_BYTES = 64 * 1024;
/** Ws tells nobody when it has sent what waited. */
const LOOK_MS = 50;

/** Passes on as fast as the socket's other side reads: what is slow to be asked for merges at its source. */
export async function* atPaceOf<Item>(
  socket: WebSocket,
  items: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  for await (const item of items) {
    yield item;
    while (socket.bufferedAmount > WAITING_BYTES && !signal.aborted) await delay(LOOK_MS);
  }
}
