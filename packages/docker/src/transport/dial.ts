import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { EngineError } from "../engine.ts";
import { type CallScope, seconds } from "./call-scope.ts";
import type { Connection, Pool } from "./connection.ts";
import { connectionFailure, notDocker } from "./failures.ts";

/** One HTTP request as it goes over the wire. */
export interface WireRequest {
  method: string;
  /** With its query, and with its version where it has one. */
  path: string;
  headers: Record<string, string>;
  /** A stream is sent in chunks as fast as the engine takes it, and destroyed when the request has ended in any way. */
  body: Buffer | Readable | null;
  /** Called once its connection is open, right before anything of it goes out; what it throws ends it. */
  beforeSend?: () => void;
}

/** The head of an answer. */
export interface WireAnswer {
  /** Its body is the caller's to read, unless the connection was handed over. */
  response: IncomingMessage;
  /** The connection itself, where the request asked for it (`upgrade` in its headers) and the engine answered 101. */
  handover: Handover | null;
}

export interface Handover {
  socket: Duplex;
  /** What came behind the head in the same packet: the first bytes of the stream. */
  head: Buffer;
}

/** How far a request came before it failed. */
interface Progress {
  /** Bytes of it may have reached the engine. */
  sent: boolean;
  handshaking: boolean;
  /** It went out on a connection that had served before, and that the engine may have closed meanwhile. */
  reused: boolean;
}

/**
 * Sends one request and resolves with the head of its answer, whatever the status; the body is the caller's to read.
 * Settles in every case: at the latest when `scope` is interrupted, which later also destroys the body or the connection
 * that was handed over.
 *
 * A GET that met a kept connection just as the engine closed it is sent once more.
 */
export async function dial(
  connection: Connection,
  pool: Pool,
  request: WireRequest,
  scope: CallScope,
): Promise<WireAnswer> {
  const progress: Progress = { sent: false, handshaking: false, reused: false };
  try {
    return await attempt(connection, pool, request, scope, progress);
  } catch (error) {
    const isStale = progress.reused && error instanceof EngineError && error.kind === "unreachable" && !error.timedOut;
    if (!isStale || request.method !== "GET") throw error;
    return attempt(connection, pool, request, scope, { sent: false, handshaking: false, reused: false });
  }
}

function attempt(
  connection: Connection,
  pool: Pool,
  request: WireRequest,
  scope: CallScope,
  progress: Progress,
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(connectionFailure(cause, connection.label, progress));
    if (scope.interruption) return fail(scope.error(false));

    const { body } = request;
    const outgoing = open(connection, pool, request, fail);
    if (!outgoing) return;
    const endEarly = () => {
      const error = scope.error(progress.sent);
      outgoing.destroy(error);
      fail(error); // a request that still waits for a connection tells nobody that it was destroyed
    };
    const forget = scope.onInterrupt(endEarly);

    const start = body instanceof Readable ? send(body, outgoing, fail) : () => outgoing.end(body ?? undefined);
    outgoing.once("socket", (socket) =>
      whenOpen(socket, outgoing, connection, progress, () => {
        try {
          request.beforeSend?.();
        } catch (error) {
          reject(error);
          outgoing.destroy();
          return;
        }
        progress.sent = true;
        start();
      }),
    );
    outgoing.once("response", (response) => {
      forget();
      if (body instanceof Readable && (response.statusCode ?? 0) >= 300) stopSending(body, outgoing, response);
      response.on("error", noop); // whoever reads the body is told; that nobody does must not end the process
      scope.onInterrupt(() => response.destroy(scope.error(true)));
      resolve({ response, handover: null });
    });
    outgoing.once("upgrade", (response, socket, head) => {
      if (!("upgrade" in request.headers)) {
        socket.destroy();
        return fail(notDocker("it switched protocols"));
      }
      forget();
      socket.on("error", noop); // as of a body: whoever reads the stream is told
      scope.onInterrupt(() => socket.destroy());
      resolve({ response, handover: { socket, head } });
    });
    outgoing.on("error", fail);
  });
}

/**
 * Returns what begins to send. Back-pressure reaches the source. One that fails ends the request: the engine must not take
 * a part for the whole.
 */
function send(body: Readable, outgoing: ClientRequest, fail: (cause: EngineError) => void): () => void {
  body.once("error", (cause) => {
    const message = "What was to be sent to the Docker engine could not be read to its end.";
    const error = cause instanceof EngineError ? cause : new EngineError("closed", message, { cause });
    outgoing.destroy(error);
    fail(error);
  });
  outgoing.once("close", () => body.destroy());
  return () => void body.pipe(outgoing);
}

/** An answer that refuses comes before all is sent, and nobody reads the rest: writing on would lose the answer. */
function stopSending(body: Readable, outgoing: ClientRequest, response: IncomingMessage): void {
  if (outgoing.writableEnded) return;
  body.unpipe(outgoing);
  response.once("close", () => outgoing.destroy());
}

function open(
  connection: Connection,
  pool: Pool,
  { method, path, headers, body }: WireRequest,
  fail: (cause: EngineError) => void,
): ClientRequest | null {
  const length = method === "GET" || body instanceof Readable ? {} : { "content-length": body?.length ?? 0 };
  try {
    return connection.request(pool, { method, path, headers: { ...headers, ...length } });
  } catch (cause) {
    const message = `The address or the certificates of the Docker engine ${connection.label} cannot be used.`;
    fail(new EngineError("rejected", message, { sent: false, cause }));
    return null;
  }
}

/** Calls `begin` when the connection can take the request, at once if it is open already. */
function whenOpen(
  socket: Socket,
  outgoing: ClientRequest,
  connection: Connection,
  progress: Progress,
  begin: () => void,
): void {
  progress.reused = outgoing.reusedSocket;
  if (!socket.connecting) return begin();
  const timer = setTimeout(() => {
    const message = `The Docker engine ${connection.label} took no connection within ${seconds(connection.connectTimeoutMs)}.`;
    outgoing.destroy(new EngineError("unreachable", message, { sent: false, timedOut: true }));
  }, connection.connectTimeoutMs);
  const ready = () => {
    clearTimeout(timer);
    progress.handshaking = false;
    begin();
  };
  if (socket instanceof TLSSocket) {
    socket.once("connect", () => (progress.handshaking = true));
    socket.once("secureConnect", ready);
  } else {
    socket.once("connect", ready);
  }
  outgoing.once("close", () => clearTimeout(timer));
}

function noop(): void {}
