import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { type SecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import type { EngineAddress } from "../engine.ts";
import { sharedSecureContext } from "./secure-contexts.ts";
import { SshAgent, SshTunnel } from "./ssh-tunnel.ts";

/** A pool for calls, which keeps connections alive, and one for streams, which must not take the calls' places. */
export type Pool = "calls" | "streams";

export interface ConnectionOptions {
  /** How long a connection may take to come about, its TLS handshake included (default 3 s). */
  connectTimeoutMs?: number;
}

const CONNECT_MS = 3_000;
/** An idle connection is kept longer than the slowest regular caller (a resync each minute) stays away. */
const IDLE_MS = 120_000;
const MAX_CALLS_AT_ONCE = 16;
/** As many as one who works through a lot uses at once: fewer would be closed and opened again for each call. */
const MAX_FREE = 8;
/** After so long without traffic TCP asks whether the peer is still there (then each second, ten times). */
const KEEPALIVE_PROBE_MS = 15_000;

/** How one engine is reached: its address with its own agents, so that no engine waits for another. */
export class Connection {
  /** As people know it; never a path of this host. */
  readonly label: string;
  readonly connectTimeoutMs: number;
  readonly #address: EngineAddress;
  readonly #agents: Record<Pool, http.Agent>;
  readonly #tunnel: SshTunnel | null;
  #secureContext: SecureContext | null = null;
  /** Of the last handshake, for the next one of either pool: with it the two need no certificates. */
  #session: Buffer | null = null;

  constructor(address: EngineAddress, { connectTimeoutMs = CONNECT_MS }: ConnectionOptions) {
    this.connectTimeoutMs = connectTimeoutMs;
    this.#address = address;
    this.label = address.kind === "unix" ? "on this machine" : `at ${address.host}:${address.port}`;
    this.#tunnel = address.kind === "ssh" ? new SshTunnel(address, connectTimeoutMs) : null;
    if (this.#tunnel) {
      this.#agents = {
        calls: new SshAgent(this.#tunnel, { maxSockets: MAX_CALLS_AT_ONCE }),
        streams: new SshAgent(this.#tunnel),
      };
      return;
    }
    this.#agents = {
      calls: agentFor(address, {
        keepAlive: true,
        maxSockets: MAX_CALLS_AT_ONCE,
        maxFreeSockets: MAX_FREE,
        timeout: IDLE_MS,
      }),
      streams: agentFor(address, { keepAlive: false }),
    };
  }

  /** Opens a request; throws where the address itself is unusable (a certificate that is not one). */
  request(pool: Pool, options: http.RequestOptions): http.ClientRequest {
    const address = this.#address;
    const agent = this.#agents[pool];
    const request =
      address.kind === "unix"
        ? http.request({ ...options, agent, socketPath: address.path })
        : (address.kind === "tls" ? https : http).request({
            ...options,
            ...(address.kind === "tls" && this.#secrets(address.tls)),
            agent,
            host: address.host,
            port: address.port,
          });
    request.once("socket", (socket) => {
      if (request.reusedSocket) return;
      socket.setKeepAlive(true, KEEPALIVE_PROBE_MS);
      if (socket instanceof TLSSocket) this.#keepSession(socket);
    });
    return request;
  }

  /** Certificates are read once, not for each connection. Throws where they are none. */
  #secrets(tls: SecureContextOptions): { secureContext: SecureContext; session?: Buffer } {
    this.#secureContext ??= sharedSecureContext(tls);
    return { secureContext: this.#secureContext, ...(this.#session && { session: this.#session }) };
  }

  #keepSession(socket: Socket): void {
    socket.on("session", (session: Buffer) => (this.#session = session));
    socket.once("close", (hadError) => {
      if (hadError) this.#session = null;
    });
  }

  close(): void {
    this.#agents.calls.destroy();
    this.#agents.streams.destroy();
    this.#tunnel?.close();
  }
}

function agentFor(address: EngineAddress, options: http.AgentOptions): http.Agent {
  return address.kind === "tls" ? new https.Agent(options) : new http.Agent(options);
}
