import { setTimeout as delay } from "node:timers/promises";
import { actorOf } from "@berth/api/auth/credential.ts";
import { networkOf } from "@berth/api/auth/login-throttle.ts";
import type { Actor, ApiServices } from "@berth/api/context.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import { WebSocket } from "ws";
import { addressOf } from "../request-context.ts";
import { authenticateSocket } from "./authenticate-socket.ts";
import { failSocket } from "./fail-socket.ts";
import { holdMessages } from "./held-messages.ts";

/** A longer wait of setTimeout would be over at once. */
const MAX_WAIT_MS = 2 ** 31 - 1;
/** A timer may be over a moment before the clock says so. */
const LATE_MS = 50;

export interface SocketLimits {
  /** Open at once, of one user. */
  perUser: number;
  /** Open at once from one address, or network of IPv6, of clients that have not said yet who they are. */
  guestsPerAddress: number;
  firstMessageMs: number;
  /** Who did not answer one ping by the next is gone. */
  pingMs: number;
  /** Credentials are looked at again this often, and whenever the database tells of a change. */
  recheckMs: number;
  /** After a look that failed. */
  retryMs: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  perUser: 50,
  guestsPerAddress: 50,
  firstMessageMs: 10_000,
  pingMs: 30_000,
  recheckMs: 60_000,
  retryMs: 1_000,
};

export interface AcceptedSocket {
  actor: Actor;
  /** Call once the handlers are attached: what came meanwhile is emitted again, and the socket flows. */
  start(): void;
}

interface Admitted {
  actor: Actor;
  log: FastifyBaseLogger;
  /** Answered the last ping. */
  isAlive: boolean;
  /** Its credential must be looked at again. */
  isDoubted: boolean;
  isBeingChecked: boolean;
}

/** How many look at their credentials at once where everybody must. */
const CHECKS = 10;

/** Every WebSocket of this server, from the handshake to its end. One lives no longer than what its user proved. */
export class SocketRegistry {
  readonly #services: ApiServices;
  readonly #limits: SocketLimits;
  readonly #guests = new Map<string, number>();
  readonly #admitted = new Map<WebSocket, Admitted>();
  readonly #byUser = new Map<number, Set<WebSocket>>();
  readonly #pings: NodeJS.Timeout;

  constructor(services: ApiServices, limits: SocketLimits = SOCKET_LIMITS) {
    this.#services = services;
    this.#limits = limits;
    this.#pings = setInterval(() => this.#ping(), limits.pingMs);
  }

  /** Null where the client may not come in: then it was told why, and the socket is closed. */
  async accept(request: FastifyRequest, socket: WebSocket): Promise<AcceptedSocket | null> {
    const messages = holdMessages(socket);
    let leave: (() => void) | undefined;
    try {
      leave = this.#greet(networkOf(addressOf(request)));
      const actor = await authenticateSocket(this.#services, request, messages, this.#limits.firstMessageMs);
      if (socket.readyState !== WebSocket.OPEN) return null;
      this.admit(socket, actor, request.log);
      return { actor, start: () => messages.release() };
    } catch (error) {
      failSocket(socket, error, request.log);
      return null;
    } finally {
      leave?.();
    }
  }

  /** From here on it ends with its user's credential. TOO_MANY_REQUESTS where the user has too many. */
  admit(socket: WebSocket, actor: Actor, log: FastifyBaseLogger): void {
    const { user_id, credential } = actor;
    const sockets = this.#byUser.get(user_id) ?? new Set();
    if (sockets.size >= this.#limits.perUser) {
      const message = `You have ${this.#limits.perUser} sockets open: close one first, as by closing a page.`;
      throw new DomainError("TOO_MANY_REQUESTS", message);
    }
    this.#byUser.set(user_id, sockets.add(socket));
    const admitted: Admitted = { actor, log, isAlive: true, isDoubted: false, isBeingChecked: false };
    this.#admitted.set(socket, admitted);
    const checks = setInterval(() => void this.#check(socket), this.#limits.recheckMs);
    const leftMs = credential.kind === "access_token" ? credential.expires_at.getTime() - Date.now() : MAX_WAIT_MS;
    const expiry = setTimeout(() => void this.#check(socket), Math.min(Math.max(0, leftMs) + LATE_MS, MAX_WAIT_MS));
    socket.on("pong", () => (admitted.isAlive = true));
    socket.once("close", (code) => {
      clearInterval(checks);
      clearTimeout(expiry);
      this.#admitted.delete(socket);
      sockets.delete(socket);
      if (sockets.size === 0) this.#byUser.delete(user_id);
      log.info({ user_id, code }, "socket closed");
    });
    log.info({ user_id }, "socket opened");
    // A change between the look at the credential and this line was told to nobody here.
    void this.#check(socket);
  }

  /** Looks again whether this user's sockets may stay; null: everybody's, as after a time in which notices were lost. */
  async recheck(userId: number | null): Promise<void> {
    const sockets = [...(userId === null ? this.#admitted.keys() : (this.#byUser.get(userId) ?? []))];
    while (sockets.length > 0) await Promise.all(sockets.splice(0, CHECKS).map((socket) => this.#check(socket)));
  }

  /** Ends what it does by the clock; the sockets end with the app. */
  close(): void {
    clearInterval(this.#pings);
  }

  #greet(network: string): () => void {
    const count = this.#guests.get(network) ?? 0;
    if (count >= this.#limits.guestsPerAddress) {
      throw new DomainError("TOO_MANY_REQUESTS", "Too many sockets of this address wait to be signed in.");
    }
    this.#guests.set(network, count + 1);
    return () => {
      const left = (this.#guests.get(network) ?? 1) - 1;
      if (left > 0) this.#guests.set(network, left);
      else this.#guests.delete(network);
    };
  }

  /** What was changed while one look was under way is seen by the next. */
  async #check(socket: WebSocket): Promise<void> {
    const admitted = this.#admitted.get(socket);
    if (!admitted) return;
    admitted.isDoubted = true;
    if (admitted.isBeingChecked) return;
    admitted.isBeingChecked = true;
    while (admitted.isDoubted && this.#admitted.has(socket)) {
      admitted.isDoubted = false;
      await this.#checkOnce(socket, admitted);
    }
    admitted.isBeingChecked = false;
  }

  async #checkOnce(socket: WebSocket, admitted: Admitted): Promise<void> {
    const { actor, log } = admitted;
    try {
      if (await actorOf(this.#services.sql, actor.user_id, actor.credential)) return;
      failSocket(socket, new DomainError("UNAUTHORIZED", "Sign in again: this sign-in has ended."), log);
    } catch (error) {
      // The database may be away: nobody is signed out by that, and nobody stays for longer than until it is back.
      log.debug({ err: error }, "could not look at a socket's credential; will look again");
      admitted.isDoubted = true;
      await delay(this.#limits.retryMs, undefined, { ref: false });
    }
  }

  #ping(): void {
    for (const [socket, admitted] of this.#admitted) {
      // One that we do not read from can't be heard answering.
      if (socket.isPaused) continue;
      if (!admitted.isAlive) {
        socket.terminate();
        continue;
      }
      admitted.isAlive = false;
      socket.ping();
    }
  }
}
