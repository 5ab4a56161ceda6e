import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { endWith } from "./end-with.ts";
import { pageOnWire } from "./pages.ts";
import type { Place } from "./place.ts";
import type { ReachAgent, ReachOptions } from "./reach-agent.ts";
import { hasBody, requestHeaders } from "./request-headers.ts";
import { responseHeaders } from "./response-headers.ts";

/** Nothing in either direction: as long as a notebook computes in silence. */
export const IDLE_MS = 60 * 60_000;

export interface Forwarded {
  agent: ReachAgent;
  place: Place;
  /** The Authorization header is for Berth. */
  isOurs: boolean;
  /** The visitor's. */
  address: string;
  /** Aborts where the visit ends. */
  signal: AbortSignal;
}

/**
 * Asks the program and streams its answer, with back-pressure in both directions. Resolves when all is over; rejects where
 * there was no answer, and `response` is still to be written.
 */
export function forward(request: IncomingMessage, response: ServerResponse, to: Forwarded): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const withBody = hasBody(request);
  let outgoing: ClientRequest;

  const fail = (error: Error): void => {
    if (response.headersSent) response.destroy();
    else reject(error);
  };
  const ask = (mayRepeat: boolean): void => {
    let isAnswered = false;
    outgoing = httpRequest(optionsOf(request, to));
    outgoing.setTimeout(IDLE_MS, () => outgoing.destroy(new NoAnswer("the program was silent for too long")));
    outgoing.once("response", (answer) => {
      isAnswered = true;
      if (!isStatus(answer.statusCode)) return void outgoing.destroy(oddStatus(answer));
      try {
        response.writeHead(answer.statusCode, responseHeaders(answer, to.place));
      } catch (error) {
        return void outgoing.destroy(error as Error); // Node reads more than it writes
      }
      answer.on("error", () => response.destroy());
      response.flushHeaders(); // a stream of events may have none for long
      answer.pipe(response);
    });
    outgoing.once("upgrade", (_answer, upstream) => {
      upstream.destroy();
      fail(new NoAnswer("the program upgraded what was no handshake"));
    });
    outgoing.on("error", (error) => {
      // A kept connection may have been closed just as it was used: then nothing was answered, and nothing done.
      const isStale = mayRepeat && outgoing.reusedSocket && !isAnswered && !withBody && !response.destroyed;
      if (isStale && (request.method === "GET" || request.method === "HEAD")) ask(false);
      else fail(error);
    });
    if (withBody) request.pipe(outgoing);
    else outgoing.end();
  };

  response.once("close", () => {
    outgoing.destroy();
    resolve();
  });
  to.signal.addEventListener("abort", () => response.destroy(), { once: true });
  ask(true);
  return promise;
}

/** A WebSocket. `refuse` is told where the program can't be asked; an answer of another kind is passed on. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  to: Forwarded & { refuse: (error: Error) => void },
): void {
  const options = optionsOf(request, to);
  const headers = { ...requestHeaders(request, to.place, to), connection: "Upgrade", upgrade: "websocket" };
  const outgoing = httpRequest({ ...options, headers });
  const end = (): void => {
    outgoing.destroy();
    socket.destroy();
  };
  let isAnswered = false;
  outgoing.once("upgrade", (answer, upstream, rest) => {
    isAnswered = true;
    const own = Object.entries({ ...responseHeaders(answer, to.place), connection: "Upgrade", upgrade: "websocket" });
    socket.write(headOf(101, "Switching Protocols", own));
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) upstream.write(head);
    join(socket, upstream, end);
  });
  outgoing.once("response", (answer) => {
    if (!isStatus(answer.statusCode)) return void outgoing.destroy(oddStatus(answer));
    isAnswered = true;
    const own = Object.entries({ ...responseHeaders(answer, to.place), connection: "close" });
    socket.write(headOf(answer.statusCode, answer.statusMessage ?? "", own));
    answer.on("error", end).once("end", () => endWith(socket, ""));
    answer.pipe(socket, { end: false });
  });
  outgoing.on("error", (error) => {
    if (isAnswered) end();
    else to.refuse(error);
  });
  socket.on("error", end);
  socket.once("close", end);
  to.signal.addEventListener("abort", end, { once: true });
  outgoing.end();
}

/** What came of the program is nothing that a browser could be given. */
class NoAnswer extends Error {
  readonly code = "NO_ANSWER";
}

/** A program may write any three digits; what they mean is said of these alone, and Node writes none below 100. */
const isStatus = (status: number | undefined): status is number =>
  status !== undefined && status >= 200 && status < 600;

const oddStatus = ({ statusCode }: IncomingMessage): NoAnswer =>
  new NoAnswer(`the program answered with the status ${statusCode}`);

export function refuseOnWire(socket: Duplex, status: number, text: string): void {
  if (!socket.destroyed) endWith(socket, pageOnWire(status, `${text}\n`));
}

function optionsOf(request: IncomingMessage, { agent, place, isOurs, address }: Forwarded): ReachOptions {
  const { visit, port } = place;
  const dial = { container_id: visit.container_id, port: port.container_port, actor: visit.actor };
  return {
    agent,
    dial,
    method: request.method ?? "GET",
    path: place.upstreamPath,
    headers: requestHeaders(request, place, { isOurs, address }),
    setHost: false,
  };
}

function join(one: Duplex, other: Duplex, end: () => void): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on("error", end);
    from.once("close", end);
  }
  // Node's own timers watch sockets; ours watches both directions.
  let timer = setTimeout(end, IDLE_MS);
  const touch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(end, IDLE_MS);
  };
  one.on("data", touch);
  other.on("data", touch);
  one.once("close", () => clearTimeout(timer));
}

function headOf(status: number, reason: string, headers: [string, unknown][]): string {
  const lines = headers.flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${String(one)}`));
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join("\r\n")}\r\n\r\n`;
}
