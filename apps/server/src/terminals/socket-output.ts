import type { WebSocket } from "ws";

/** What waits for a reader that is slower than what it reads, at most, beside one message. */
export const OUTPUT_HIGH_BYTES = 1024 * 1024;
const OUTPUT_LOW_BYTES = 256 * 1024;

/**
 * What is sent to a socket in binary messages, and what of it the network has not taken yet. Whoever sends must stop
 * while it {@link isFull}: then memory stays flat however little the other side reads.
 */
export class SocketOutput {
  readonly #socket: WebSocket;
  readonly #onRoom: () => void;
  #waiting = 0;
  #isFull = false;

  /** `onRoom` is called each time that one which was full may be sent to again, and when its socket closes. */
  constructor(socket: WebSocket, onRoom: () => void) {
    this.#socket = socket;
    this.#onRoom = onRoom;
    socket.once("close", () => this.#makeRoom());
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#waiting += bytes.length;
    if (this.#waiting >= OUTPUT_HIGH_BYTES) this.#isFull = true;
    // An error is the socket's end, which its owner hears of.
    this.#socket.send(bytes, { binary: true }, () => {
      this.#waiting -= bytes.length;
      if (this.#waiting <= OUTPUT_LOW_BYTES) this.#makeRoom();
    });
  }

  #makeRoom(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#onRoom();
  }
}
