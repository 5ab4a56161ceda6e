import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
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
  body: Buffer | null;
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
 * Settles in every case: at the latest when `scope` is interrupted, which later also destroys the body.
 *
 * A GET that met a kept connection just as the engine closed it is sent once more.
 */
export async function dial(
  connection: Connection,
  pool: Pool,
  request: WireRequest,
  scope: CallScope,
): Promise<IncomingMessage> {
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
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(connectionFailure(cause, connection.label, progress));
    if (scope.interruption) return fail(scope.error(false));

    const outgoing = open(connection, pool, request, fail);
    if (!outgoing) return;
    const endEarly = () => {
      const error = scope.error(progress.sent);
      outgoing.destroy(error);
      fail(error); // a request that still waits for a connection tells nobody that it was destroyed
    };
    const forget = scope.onInterrupt(endEarly);

    outgoing.once("socket", (socket) => watchConnect(socket, outgoing, connection, progress));
    outgoing.once("response", (response) => {
      forget();
      response.on("error", noop); // whoever reads the body is told; that nobody does must not end the process
      scope.onInterrupt(() => response.destroy(scope.error(true)));
      resolve(response);
    });
    outgoing.once("upgrade", (_, socket) => {
      socket.destroy();
      fail(notDocker("it switched protocols"));
    });
    outgoing.on("error", fail);
    outgoing.end(request.body ?? undefined);
  });
}

function open(
  connection: Connection,
  pool: Pool,
  { method, path, headers, body }: WireRequest,
  fail: (cause: EngineError) => void,
): ClientRequest | null {
  const length = method === "GET" ? {} : { "content-length": body?.length ?? 0 };
  try {
    return connection.request(pool, { method, path, headers: { ...headers, ...length } });
  } catch (cause) {
    const message = `The address or the certificates of the Docker engine ${connection.label} cannot be used.`;
    fail(new EngineError("rejected", message, { sent: false, cause }));
    return null;
  }
}

function watchConnect(socket: Socket, outgoing: ClientRequest, connection: Connection, progress: Progress): void {
  progress.reused = outgoing.reusedSocket;
  if (!socket.connecting) {
    progress.sent = true;
    return;
  }
  const timer = setTimeout(() => {
    const message = `The Docker engine ${connection.label} took no connection within ${seconds(connection.connectTimeoutMs)}.`;
    outgoing.destroy(new EngineError("unreachable", message, { sent: false, timedOut: true }));
  }, connection.connectTimeoutMs);
  const ready = () => {
    clearTimeout(timer);
    progress.sent = true;
    progress.handshaking = false;
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
