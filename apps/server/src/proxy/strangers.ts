import type { Socket } from "node:net";
import { networkOf } from "@berth/api/auth/login-throttle.ts";
import { MinuteBuckets } from "@berth/api/minute-buckets.ts";
import { DomainError } from "@berth/spec/error-code.ts";

/** Of one address, or network of IPv6. */
export interface StrangerLimits {
  /** Open at once, by which nobody was let in yet: a browser opens some before it asks anything. */
  connections: number;
  /** That let nobody in: many browsers of one address may have pages open whose visits have ended. */
  requestsPerMinute: number;
}

const STRANGER_LIMITS: StrangerLimits = { connections: 200, requestsPerMinute: 6_000 };

/** Those whom no cookie lets in: what they may take of the proxy, before anything is looked up for them. */
export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #requests: MinuteBuckets<string>;
  /** Their connections by network, and who they are by address and port: the socket of TLS is another than the one it is on. */
  readonly #connections = new Map<string, Set<string>>();

  constructor(limits: Partial<StrangerLimits> = {}) {
    this.#limits = { ...STRANGER_LIMITS, ...limits };
    this.#requests = new MinuteBuckets(this.#limits.requestsPerMinute);
  }

  /** A connection was opened; one too many is closed. */
  greet(socket: Socket): void {
    const [network, who] = placeOf(socket);
    const others = this.#connections.get(network) ?? new Set();
    if (others.size >= this.#limits.connections) return void socket.destroy();
    this.#connections.set(network, others.add(who));
    socket.once("close", () => this.#forget(network, who));
  }

  /** Somebody was let in by this one. */
  admit(socket: Socket): void {
    this.#forget(...placeOf(socket));
  }

  /** TOO_MANY_REQUESTS where there are too many. Call what it returns once the request has let somebody in. */
  count(address: string): () => void {
    const network = networkOf(address);
    const retry_after_s = this.#requests.take(network);
    if (retry_after_s === 0) return () => this.#requests.giveBack(network);
    const message = `Too many requests of this address: try again in ${retry_after_s} seconds.`;
    throw new DomainError("TOO_MANY_REQUESTS", message, { retry_after_s });
  }

  #forget(network: string, who: string): void {
    const others = this.#connections.get(network);
    if (others?.delete(who) && others.size === 0) this.#connections.delete(network);
  }
}

const placeOf = ({ remoteAddress = "", remotePort }: Socket): [network: string, who: string] => [
  networkOf(remoteAddress),
  `${remoteAddress} ${remotePort}`,
];
