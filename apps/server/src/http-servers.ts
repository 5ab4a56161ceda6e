import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Certificate } from "./tls.ts";

export interface ConnectionLimits {
  /** For all headers of a request, from the connection's first moment on. */
  headersTimeoutMs: number;
  /** For all of a request: a large upload over a slow network has this long. */
  requestTimeoutMs: number;
  /** Without a byte in either direction: a caller that never reads its answer. WebSockets have their own pings. */
  idleTimeoutMs: number;
  /** Between two requests: above the minute of many proxies, which would else use a connection that we just closed. */
  keepAliveTimeoutMs: number;
  maxConnections: number;
}

const CONNECTION_LIMITS: ConnectionLimits = {
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 15 * 60_000,
  idleTimeoutMs: 5 * 60_000,
  keepAliveTimeoutMs: 72_000,
  maxConnections: 10_000,
};

/** Of the request line and all headers together; Node answers 431 above. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The listeners of one app, over TLS where there is a certificate. A name such as localhost may have several addresses. */
export class HttpServers {
  readonly isSecure: boolean;
  #certificate: Certificate | undefined;
  readonly #limits: ConnectionLimits;
  readonly #secure: SecureServer[] = [];

  constructor(certificate?: Certificate, limits: Partial<ConnectionLimits> = {}) {
    this.isSecure = certificate !== undefined;
    this.#certificate = certificate;
    this.#limits = { ...CONNECTION_LIMITS, ...limits };
  }

  create(handler: RequestListener): Server {
    const server = this.#certificate
      ? this.#createSecure(this.#certificate, handler)
      : createServer(this.#options, handler);
    server.keepAliveTimeout = this.#limits.keepAliveTimeoutMs;
    server.setTimeout(this.#limits.idleTimeoutMs);
    server.maxConnections = this.#limits.maxConnections;
    return server;
  }

  /** For connections from now on; those that are open stay. */
  renew(certificate: Certificate): void {
    this.#certificate = certificate;
    for (const server of this.#secure) server.setSecureContext(certificate);
  }

  #createSecure(certificate: Certificate, handler: RequestListener): Server {
    const server = createSecureServer({ ...this.#options, ...certificate, minVersion: "TLSv1.2" }, handler);
    this.#secure.push(server);
    return server;
  }

  get #options(): ServerOptions {
    const { headersTimeoutMs, requestTimeoutMs } = this.#limits;
    return {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
    };
  }
}
