import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { recordAudit } from "@berth/api/audit.ts";
import { actorOf } from "@berth/api/auth/credential.ts";
import type { ApiServices } from "@berth/api/context.ts";
import { admitSshKey, type SshAdmission } from "@berth/api/ssh/admit.ts";
import { transact } from "@berth/api/transact.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";
import type { AuthContext, Connection, PublicKeyAuthContext, ServerChannel } from "ssh2";
import { isSignatureGood } from "./check-signature.ts";
import { type Dial, forward } from "./forward.ts";
import { serveSession } from "./session.ts";
import type { Commands } from "../commands/commands.ts";

export interface ConnectionLimits {
  /** Open at once, of one connection. */
  channels: number;
  /** Keys that it may offer. */
  attempts: number;
  /** So long one that is refused may ask for what it came for, to be told why it does not get it. */
  refusalMs: number;
}

interface Parts {
  services: ApiServices;
  log: FastifyBaseLogger;
  commands: Commands;
  dial: Dial;
  limits: ConnectionLimits;
  /** What its address is counted by. */
  network: string;
  /** Called once it was. */
  letIn(): void;
  /** With this one. */
  mayHaveOneMore(userId: number): boolean;
  perAccount: number;
}

const RETRY_MS = 1_000;
/** What was written last gets out before the connection ends. */
const LAST_WORD_MS = 50;
/** Who is told to go and stays is cut off. */
const GO_MS = 1_000;
/** Answers that a client asks for and does not read, above what its channels wait with. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
/** Ssh2 offers each channel a window of 2 MiB, and once more when half of that has come: nobody may send more ahead. */
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
/** A client may say that it takes packets of one byte, or of none: ssh2 would write them for long, or without end. */
const MIN_PACKET_BYTES = 1024;

/** One connection to the gateway, from its first byte to its end. It lives no longer than the key that let it in. */
export class SshConnection {
  readonly #client: Connection;
  readonly #socket: Socket;
  readonly #address: string;
  readonly #parts: Parts;
  readonly #closed = new AbortController();
  /** Those that have not been closed by both sides. */
  readonly #channels = new Map<ServerChannel, "session" | "forward">();
  #admission: SshAdmission | null = null;
  #isReady = false;
  #refused: DomainError | null = null;
  #attempts = 0;
  #channelsAskedFor = 0;
  #isBeingChecked = false;
  #isDoubted = false;

  constructor(client: Connection, socket: Socket, parts: Parts) {
    this.#client = client;
    this.#socket = socket;
    this.#address = socket.remoteAddress ?? "";
    this.#parts = parts;
    socket.setMaxListeners(0); // whatever writes to one of its channels waits for it
    const address = this.#address;
    client.on("error", (error: Error) => parts.log.debug({ err: error, address }, "a connection of ssh broke"));
    client.on("close", () => {
      this.#closed.abort();
      if (this.#isReady) parts.log.info({ user_id: this.userId }, "ssh connection closed");
    });
    socket.on("data", () => this.#limitMemory());
    client.on("authentication", (attempt) => void this.#authenticate(attempt));
    client.on("ready", () => {
      parts.letIn();
      this.#begin();
    });
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Null until somebody was let in. */
  get userId(): number | null {
    return this.#isReady ? (this.#admission?.actor.user_id ?? null) : null;
  }

  get network(): string {
    return this.#parts.network;
  }

  /** It was let in, but only to be told that there are too many of it. */
  get isRefused(): boolean {
    return this.#refused !== null;
  }

  end(): void {
    this.#client.end();
    setTimeout(() => this.#socket.destroy(), GO_MS).unref();
  }

  /** Looks again whether it may stay; what changes during a look is seen by the next. */
  async check(): Promise<void> {
    this.#isDoubted = true;
    if (this.#isBeingChecked) return;
    this.#isBeingChecked = true;
    while (this.#isDoubted && !this.closed.aborted) {
      this.#isDoubted = false;
      await this.#checkOnce();
    }
    this.#isBeingChecked = false;
  }

  async #checkOnce(): Promise<void> {
    if (!this.#admission) return;
    const { actor, container_id } = this.#admission;
    try {
      if (await this.#mayStay(this.#admission)) return;
    } catch (error) {
      // The database may be away: nobody is sent away by that, and nobody stays for longer than until it is back.
      this.#parts.log.debug({ err: error }, "could not look at a connection of ssh; will look again");
      this.#isDoubted = true;
      await delay(RETRY_MS, undefined, { ref: false });
      return;
    }
    this.#parts.log.info({ user_id: actor.user_id, container_id }, "a key of ssh lets its user in no more");
    for (const [channel, kind] of this.#channels) {
      if (kind === "session" && channel.stderr.writable)
        channel.stderr.write("berth: Your key does not let you in here any more.\r\n");
    }
    await delay(LAST_WORD_MS, undefined, { ref: false });
    this.end();
  }

  async #mayStay({ actor: { user_id, credential }, container_id }: SshAdmission): Promise<boolean> {
    const { sql } = this.#parts.services;
    const actor = await actorOf(sql, user_id, credential);
    if (!actor) return false;
    const rows = await sql("SELECT 1 FROM containers WHERE container_id = $1 AND ($2 OR user_id = $3)", [
      container_id,
      actor.role === "admin",
      user_id,
    ]);
    return rows.length > 0;
  }

  async #authenticate(attempt: AuthContext): Promise<void> {
    if (attempt.method !== "publickey") return attempt.reject(["publickey"]);
    this.#attempts += 1;
    if (this.#attempts > this.#parts.limits.attempts) return this.end();
    try {
      const admission = await this.#admit(attempt);
      if (this.closed.aborted) return;
      if (!admission) return attempt.reject(["publickey"]);
      if (attempt.signature) this.#admission = admission;
      attempt.accept();
    } catch (error) {
      this.#parts.log.warn({ err: error }, "could not look who comes by ssh");
      if (!this.closed.aborted) attempt.reject(["publickey"]);
    }
  }

  async #admit(attempt: PublicKeyAuthContext): Promise<SshAdmission | null> {
    // First what costs no question to the database: without a signature the client only asks whether the key is known.
    if (attempt.signature && !isSignatureGood(attempt)) return null;
    return admitSshKey(this.#parts.services.sql, attempt.username, attempt.key.data);
  }

  #begin(): void {
    const admission = this.#admission;
    if (!admission) return this.end();
    this.#isReady = true;
    const { log, commands, dial, limits } = this.#parts;
    const { actor, container_id, container_name } = admission;
    const place = { actor, container_id, log, socket: this.#socket, closed: this.closed };
    const refused = this.#tooMany(actor.user_id);
    this.#refused = refused;
    if (refused) setTimeout(() => this.end(), limits.refusalMs).unref();
    this.#client.on("session", (accept, reject) => {
      const leave = this.#takeChannel();
      if (!leave) return reject();
      const session = accept();
      const entered = (channel: ServerChannel): (() => void) => {
        // One that closes before anything ran in it keeps its place: ssh2 never forgets it.
        session.once("close", leave);
        return this.#enter(channel, "session");
      };
      serveSession(session, { ...place, commands, refused, entered });
    });
    this.#client.on("tcpip", (accept, reject, info) => {
      const leave = this.#takeChannel();
      if (!leave || refused) return reject();
      const entered = (channel: ServerChannel): (() => void) => this.#enter(channel, "forward");
      void forward({ ...place, container_name, dial, entered, left: leave }, accept, reject, info);
    });
    log.info({ user_id: actor.user_id, container_id, address: this.#address }, "ssh connection opened");
    void this.#record(admission);
    // A change between the look at the key and this line was told to nobody here.
    void this.check();
  }

  #enter(channel: ServerChannel, kind: "session" | "forward"): () => void {
    const { outgoing } = channel as unknown as { outgoing: { packetSize: number } };
    outgoing.packetSize = Math.max(outgoing.packetSize, MIN_PACKET_BYTES);
    this.#channels.set(channel, kind);
    return () => void this.#channels.delete(channel);
  }

  #tooMany(userId: number): DomainError | null {
    const { mayHaveOneMore, perAccount } = this.#parts;
    if (mayHaveOneMore(userId)) return null;
    return new DomainError("TOO_MANY_REQUESTS", `You have ${perAccount} ssh connections open: close one first.`);
  }

  /** Ends it where its client reads no answers, or sends more than it was allowed to: ssh2 would keep all of that. */
  #limitMemory(): void {
    const isAhead = [...this.#channels.keys()].some((channel) => channel.readableLength > MAX_AHEAD_BYTES);
    if (!isAhead && this.#socket.writableLength <= MAX_UNREAD_BYTES) return;
    this.#parts.log.info({ user_id: this.userId, address: this.#address, isAhead }, "an ssh client keeps to no window");
    this.#socket.destroy();
  }

  /** Null where there are too many; to be called when the channel has gone. */
  #takeChannel(): (() => void) | null {
    if (this.#channelsAskedFor >= this.#parts.limits.channels) return null;
    this.#channelsAskedFor += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#channelsAskedFor -= 1;
      isTaken = false;
    };
  }

  async #record({ actor, container_id }: SshAdmission): Promise<void> {
    const { services, log } = this.#parts;
    try {
      await transact(services.db, (tx) =>
        recordAudit(
          tx,
          { actor, address: this.#address },
          { action: "open ssh", noun: "container", object_id: container_id },
        ),
      );
    } catch (error) {
      log.warn({ err: error }, "could not record who came by ssh");
    }
  }
}
