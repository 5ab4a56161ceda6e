import * as http from "node:http";
import * as https from "node:https";
import { pipeline } from "node:stream/promises";
import type { CallOptions } from "../engine.ts";
import type { RegistryAccess } from "./access.ts";
import { CallLife, type LifeLimits } from "./call-life.ts";
import { connectionFailure, notRegistry, refusal } from "./failures.ts";
import { RegistryError } from "./registry.ts";

export interface RegistryConnection {
  /** `http://127.0.0.1:5000` */
  url: string;
  /** PEM of the authority that its certificate is of; null for plain http, and for one that everybody trusts. */
  ca: string | null;
  /** A bearer token for what a request needs; null for a registry that is open to all. Asked once a request. */
  authorize: ((access: RegistryAccess[]) => Promise<string>) | null;
}

export interface RegistryRequest {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** `/v2/…`, with its query. */
  path: string;
  access: readonly RegistryAccess[];
  headers?: Record<string, string>;
  body?: Buffer | { stream: AsyncIterable<Buffer>; length: number };
}

export interface RegistryAnswer {
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** Sends requests within the life of one call. */
export interface Exchange {
  /** The whole answer to a request that was taken (2xx); `protocol` past `maxBytes` (default 1 MiB). */
  send(request: RegistryRequest, maxBytes?: number): Promise<RegistryAnswer>;
  /** The same, with the body to be read as it comes. */
  open(request: RegistryRequest): Promise<http.IncomingMessage>;
}

const MAX_BYTES = 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;
const MAX_AT_ONCE = 8;
/** Below the registry's own two minutes, so that a kept connection is rarely closed under a request. */
const IDLE_MS = 60_000;

/** How one registry is reached. */
export class RegistryLink {
  readonly #base: URL;
  readonly #authorize: RegistryConnection["authorize"];
  readonly #agent: http.Agent;
  readonly #live = new Set<CallLife>();
  #isClosed = false;

  constructor({ url, ca, authorize }: RegistryConnection) {
    this.#base = new URL(url);
    this.#authorize = authorize;
    const options: http.AgentOptions = {
      keepAlive: true,
      maxSockets: MAX_AT_ONCE,
      timeout: IDLE_MS,
      scheduling: "lifo",
    };
    this.#agent = this.#isSecure
      ? new https.Agent({ ...options, minVersion: "TLSv1.2", ...(ca !== null && { ca }) })
      : new http.Agent(options);
  }

  call<T>(options: CallOptions = {}, limits: LifeLimits, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closed());
    return new CallLife(this.#live, options, limits).run((life) =>
      work({
        send: (request, maxBytes = MAX_BYTES) => this.#send(request, maxBytes, life),
        open: (request) => this.#open(request, life),
      }),
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const life of this.#live) life.interrupt(closed());
    this.#agent.destroy();
  }

  async #send(request: RegistryRequest, maxBytes: number, life: CallLife): Promise<RegistryAnswer> {
    const response = await this.#open(request, life);
    const body = await readBody(response, maxBytes, this.#base.host);
    return { headers: response.headers, body };
  }

  async #open(request: RegistryRequest, life: CallLife): Promise<http.IncomingMessage> {
    const token = await this.#authorize?.([...request.access]);
    const headers = { ...request.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const response = await this.#dial({ ...request, headers }, life);
    response.on("error", () => {}); // whoever reads the body is told; that nobody does must not end the process
    life.move();
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    const body = await readBody(response, MAX_REFUSAL_BYTES, this.#base.host).catch(() => Buffer.alloc(0));
    throw refusal(statusCode, body.toString("utf8"));
  }

  /** Once more where a kept connection was closed just as it was taken: each request of ours may be repeated. */
  async #dial(request: RegistryRequest, life: CallLife): Promise<http.IncomingMessage> {
    const first = this.#attempt(request, life);
    try {
      return await first.answer;
    } catch (error) {
      const isStale = first.outgoing.reusedSocket && isLost(error) && !life.signal.aborted;
      if (!isStale || (request.body && !Buffer.isBuffer(request.body))) throw error;
      return this.#attempt(request, life).answer;
    }
  }

  #attempt(
    { method, path, headers, body }: RegistryRequest,
    life: CallLife,
  ): { outgoing: http.ClientRequest; answer: Promise<http.IncomingMessage> } {
    const { signal } = life;
    const { protocol, hostname, port } = this.#base;
    const length = body === undefined ? (method === "POST" || method === "PUT" ? 0 : undefined) : body.length;
    const outgoing = (this.#isSecure ? https : http).request({
      protocol,
      hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      method,
      path,
      agent: this.#agent,
      headers: { ...headers, ...(length !== undefined && { "content-length": length }) },
      signal,
    });
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      const fail = (cause: unknown) =>
        reject(connectionFailure(signal.aborted ? signal.reason : cause, this.#base.host));
      outgoing.on("response", resolve);
      outgoing.on("error", fail);
      if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
      else pipeline(countMovement(body.stream, life), outgoing, { signal }).catch(fail);
    });
    return { outgoing, answer };
  }

  get #isSecure(): boolean {
    return this.#base.protocol === "https:";
  }
}

const closed = (): RegistryError => new RegistryError("closed", "The connection to the registry was closed.");

const isLost = (error: unknown): boolean => error instanceof RegistryError && error.kind === "unreachable";

async function* countMovement(chunks: AsyncIterable<Buffer>, life: CallLife): AsyncGenerator<Buffer, void, void> {
  for await (const chunk of chunks) {
    life.move();
    yield chunk;
  }
}

async function readBody(response: http.IncomingMessage, maxBytes: number, label: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw notRegistry(`more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw connectionFailure(cause, label);
  }
  return Buffer.concat(chunks, length);
}
