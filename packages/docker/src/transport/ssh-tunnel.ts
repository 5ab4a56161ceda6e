import { createHash } from "node:crypto";
import * as http from "node:http";
import { Duplex } from "node:stream";
import ssh2, { type Client, type ClientChannel } from "ssh2";
import { type EngineAddress, EngineError } from "../engine.ts";

type SshAddress = Extract<EngineAddress, { kind: "ssh" }>;

const KEEPALIVE_MS = 10_000;

/**
 * An ed25519 key in OpenSSH's own form, and the line that goes into a server's `authorized_keys`. ssh2 drops zeros at the
 * beginning of a public key, which spoils one pair in 230: those are not taken.
 */
export function makeSshKey(comment: string): { private_key: string; public_key: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (ssh2.utils.parseKey(pair.private) instanceof Error) continue;
    return { private_key: pair.private, public_key: pair.public };
  }
}

/** `SHA256:…`, as ssh shows it. */
const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/**
 * One ssh connection to a server, made when it is first needed and again when it was lost. Each stream to Docker's socket
 * there is a channel of its own on it.
 */
export class SshTunnel {
  readonly #address: SshAddress;
  readonly #connectTimeoutMs: number;
  #client: Promise<Client> | null = null;
  #hostKey: string | null;
  #isClosed = false;

  constructor(address: SshAddress, connectTimeoutMs: number) {
    this.#address = address;
    this.#hostKey = address.host_key;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** A stream to Docker's socket; throws an `EngineError` of which nothing was sent. */
  async open(): Promise<ChannelSocket> {
    const client = await this.#connect();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(this.#unreachable("it opened no channel in time", { timedOut: true }));
        this.#forget(client); // it answers nothing: whoever comes next begins anew
      }, this.#connectTimeoutMs);
      client.openssh_forwardOutStreamLocal(this.#address.socket_path, (error, channel) => {
        clearTimeout(timer);
        if (!error) return resolve(new ChannelSocket(channel));
        const { user, socket_path } = this.#address;
        const advice = `check that Docker runs there, that ${user} may use ${socket_path}, and that sshd allows forwarding`;
        reject(this.#unreachable(`Docker's socket was not opened (${advice})`, { cause: error }));
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    void this.#client?.then(
      (client) => client.destroy(),
      () => undefined,
    );
    this.#client = null;
  }

  #connect(): Promise<Client> {
    this.#client ??= this.#dial();
    return this.#client;
  }

  #forget(client: Client): void {
    this.#client = null;
    client.destroy();
  }

  #dial(): Promise<Client> {
    const { host, port, user, private_key } = this.#address;
    const client = new ssh2.Client();
    let refusedKey: EngineError | null = null;
    const dialled = new Promise<Client>((resolve, reject) => {
      client
        .once("ready", () => {
          client.setNoDelay(true); // 48 ms a request without it
          if (this.#isClosed) client.destroy();
          resolve(client);
        })
        .on("error", (error) => reject(refusedKey ?? this.#failure(error)))
        .on("close", () => {
          reject(refusedKey ?? this.#unreachable("it closed the connection at once"));
          if (this.#client === dialled) this.#client = null;
        })
        .connect({
          host,
          port,
          username: user,
          privateKey: private_key,
          readyTimeout: this.#connectTimeoutMs,
          keepaliveInterval: KEEPALIVE_MS,
          hostVerifier: (key: Buffer) => (refusedKey = this.#judgeHostKey(fingerprintOf(key))) === null,
        });
    });
    dialled.catch(() => {
      if (this.#client === dialled) this.#client = null;
    });
    return dialled;
  }

  #judgeHostKey(shown: string): EngineError | null {
    const known = this.#hostKey;
    if (known !== null && known !== shown) {
      const message = `The server ${this.#place} shows another host key (${shown}) than when it was first met (${known}): it was installed anew, or somebody is between. Compare it there (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then add the machine again.`;
      return new EngineError("rejected", message, { sent: false });
    }
    this.#hostKey = shown;
    if (known === null) this.#address.onHostKey?.(shown);
    return null;
  }

  #failure(cause: Error & { level?: string; code?: string }): EngineError {
    if (cause.level === "client-authentication") {
      const message = `The server ${this.#place} does not let ${this.#address.user} in with Berth's key.`;
      return new EngineError("rejected", message, { sent: false, cause });
    }
    const timedOut = cause.level === "client-timeout";
    return this.#unreachable(timedOut ? "it took no connection in time" : (cause.code ?? cause.message), {
      timedOut,
      cause,
    });
  }

  #unreachable(reason: string, details: { timedOut?: boolean; cause?: unknown } = {}): EngineError {
    const message = `The Docker engine ${this.#place} cannot be reached over ssh: ${reason}.`;
    return new EngineError("unreachable", message, { sent: false, ...details });
  }

  get #place(): string {
    return `at ${this.#address.host}:${this.#address.port}`;
  }
}

/** Every request on a channel of its own: one that was kept open starved the rest. */
export class SshAgent extends http.Agent {
  readonly #tunnel: SshTunnel;

  constructor(tunnel: SshTunnel, options: { maxSockets?: number } = {}) {
    super({ ...options, keepAlive: false });
    this.#tunnel = tunnel;
  }

  override createConnection(
    _options: http.ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    this.#tunnel.open().then(
      (socket) => callback?.(null, socket),
      // Node's type knows no failure here, and its agent looks at the first argument alone.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/**
 * A channel in the guise of a socket. Its end is at once when it is destroyed: a channel waits for the other side, which
 * may never answer again.
 */
class ChannelSocket extends Duplex {
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    let hasEnded = false;
    channel.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on("end", () => {
      hasEnded = true;
      this.push(null);
    });
    channel.on("error", (error: Error) => this.destroy(error));
    channel.on("close", () => {
      // What was read of it may still wait to be taken: only what never ended is lost.
      if (hasEnded) this.end();
      else this.destroy(Object.assign(new Error("the ssh connection was lost"), { code: "ECONNRESET" }));
    });
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#channel.write(chunk, (error) => callback(error));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#channel.close();
    callback(error);
  }

  // What Node's HTTP client asks of a socket. The connection below looks after all of it.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
