import { DomainError } from "@berth/spec/error-code.ts";
import type { WebSocket } from "ws";
import { atPaceOf } from "../sockets/at-pace-of.ts";

const SUBSCRIPTIONS_PER_SOCKET = 100;

/** The subscriptions of one socket: so many at once, and each as fast as the socket's other side reads. */
export class SubscriptionSlots {
  readonly #socket: WebSocket;
  #taken = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  async *use<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item, void> {
    if (this.#taken >= SUBSCRIPTIONS_PER_SOCKET) {
      const message = `A socket has at most ${SUBSCRIPTIONS_PER_SOCKET} subscriptions: end one first.`;
      throw new DomainError("TOO_MANY_REQUESTS", message);
    }
    this.#taken += 1;
    try {
      yield* atPaceOf(this.#socket, items, signal);
    } finally {
      this.#taken -= 1;
    }
  }
}
