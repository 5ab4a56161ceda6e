import { createServer, type IncomingMessage, type RequestListener, type Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Daemon } from "../daemon.ts";
import { DockerError } from "../docker-error.ts";
import type { CallFault, FaultEffect } from "../faults.ts";
import { BodyWriter } from "./body-writer.ts";
import type { Call, Hijacked, Reply } from "./call.ts";
import { hijackResponse, hijackSocket, readUpgradeBody } from "./hijack.ts";
import type { Match, Router } from "./router.ts";

const NO_EFFECT: FaultEffect = { kind: "none" };
const LARGEST_BODY = 64 * 1024 * 1024;

/** What an engine shows, and whose clients it lets in: PEM texts. */
export interface ServerTls {
  ca: string;
  cert: string;
  key: string;
}

/** The HTTP door of a simulated engine: versions, errors and faults are the same for every call behind it. */
export function createEngineServer(daemon: Daemon, router: Router, tls?: ServerTls): Server {
  const onRequest: RequestListener = (request, response) => {
    let read: Promise<Buffer> | null = null;
    const body = (): Promise<Buffer> => (read ??= readBody(request));
    const hijack = (headers: Record<string, string>): Hijacked => hijackResponse(response, headers);
    void answer(daemon, router, request, response, { body, hijack });
  };
  const http = { keepAliveTimeout: 0, requestTimeout: 0 };
  const server = tls
    ? createTlsServer({ ...http, ...tls, requestCert: true, rejectUnauthorized: true }, onRequest)
    : createServer(http, onRequest);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void answerUpgrade(daemon, router, request, socket, head);
  });
  return server;
}

interface Transport {
  body: () => Promise<Buffer>;
  hijack: (headers: Record<string, string>) => Hijacked;
}

async function answer(
  daemon: Daemon,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  transport: Transport,
): Promise<void> {
  const url = parsePath(request.url ?? "/");
  if (!url) return send(response, NO_EFFECT, request, { status: 400, text: "400 Bad Request" });
  const { version, path } = splitVersion(url.pathname);
  const match = router.match(request.method ?? "", path);
  if (!match) return send(response, NO_EFFECT, request, { status: 404, json: { message: "page not found" } });
  for (const [name, value] of Object.entries(daemonHeaders(daemon))) response.setHeader(name, value);
  const refusal = refuseVersion(daemon, version);
  if (refusal) return send(response, NO_EFFECT, request, refusal);

  const fault = daemon.faults.take(match.route.call);
  const effect = fault?.effect ?? NO_EFFECT;
  if ((await suffer(daemon, fault, request, response)) === "answered") return;
  const reply = await run(daemon, match, url, version, request, response, effect, transport);
  if (effect.kind === "drop") response.destroy();
  else if (reply) send(response, effect, request, reply);
}

/** What a fault does before the call: late, never, or answered by something else. */
async function suffer(
  daemon: Daemon,
  fault: CallFault | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<"answered" | "go on"> {
  if (!fault) return "go on";
  const { effect, latency_ms: latencyMs = 0 } = fault;
  if (latencyMs > 0) await new Promise<void>((resolve) => daemon.options.clock.after(latencyMs, resolve));
  if (effect.kind === "hang") await daemon.faults.released();
  if (effect.kind === "drop" && effect.when === "before") {
    request.socket.destroy();
    return "answered";
  }
  if (effect.kind !== "answer") return "go on";
  const headers = { "Content-Type": effect.content_type ?? "application/json", ...effect.headers };
  send(response, NO_EFFECT, request, { status: effect.status, text: effect.body, headers });
  return "answered";
}

async function run(
  daemon: Daemon,
  match: Match,
  url: URL,
  version: string | null,
  request: IncomingMessage,
  response: ServerResponse,
  effect: FaultEffect,
  transport: Transport,
): Promise<Reply> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const call: Call = {
    daemon,
    params: match.params,
    query: url.searchParams,
    headers: request.headers,
    api_version: version ?? daemon.generation.api_version,
    client: gone.signal,
    body: transport.body,
    hijack: transport.hijack,
    stream: (status, headers) => {
      response.writeHead(status, headers);
      response.flushHeaders();
      return new BodyWriter(response, effect);
    },
  };
  try {
    return await match.route.handler(call);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return undefined;
    }
    const status = error instanceof DockerError ? error.status : 500;
    return { status, json: { message: error instanceof Error ? error.message : String(error) } };
  }
}

async function answerUpgrade(
  daemon: Daemon,
  router: Router,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { body, rest } = await readUpgradeBody(request, socket, head);
  const response = new ServerResponse(request);
  const hijack = (headers: Record<string, string>): Hijacked => {
    const all = { ...headers, ...daemonHeaders(daemon) };
    return hijackSocket(socket, rest, all);
  };
  response.assignSocket(request.socket);
  response.shouldKeepAlive = false;
  response.once("finish", () => socket.end());
  await answer(daemon, router, request, response, { body: () => Promise.resolve(body), hijack });
}

function send(
  response: ServerResponse,
  effect: FaultEffect,
  request: IncomingMessage,
  reply: NonNullable<Reply>,
): void {
  const body = reply.json === undefined ? (reply.text ?? "") : `${JSON.stringify(reply.json)}\n`;
  if (reply.json !== undefined) response.setHeader("Content-Type", "application/json");
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.statusCode = reply.status;
  if (request.method === "HEAD" || reply.status === 204 || reply.status === 304 || body === "") {
    response.end();
    return;
  }
  if (effect.kind !== "truncate") response.setHeader("Content-Length", Buffer.byteLength(body));
  const writer = new BodyWriter(response, effect);
  void writer.write(body).then(() => (effect.kind === "stall" ? undefined : writer.end()));
}

function daemonHeaders({ generation }: Daemon): Record<string, string> {
  return {
    "Api-Version": generation.api_version,
    "Docker-Experimental": "false",
    Ostype: "linux",
    Server: `Docker/${generation.server_version} (linux)`,
  };
}

/** Null where the path is none, or has a `%` that stands for nothing. */
function parsePath(path: string): URL | null {
  const url = URL.parse(path, "http://engine");
  try {
    return url && decodeURIComponent(url.pathname) ? url : null;
  } catch {
    return null; // a URIError: the one thing that decoding can throw
  }
}

function splitVersion(path: string): { version: string | null; path: string } {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(path);
  return match ? { version: match[1] ?? null, path: match[2] ?? "/" } : { version: null, path };
}

function refuseVersion({ generation }: Daemon, version: string | null): NonNullable<Reply> | null {
  if (version === null) return null;
  if (isLess(generation.api_version, version)) {
    const message = `client version ${version} is too new. Maximum supported API version is ${generation.api_version}`;
    return { status: 400, json: { message } };
  }
  if (!isLess(version, generation.min_api_version)) return null;
  const text =
    `client version ${version} is too old. Minimum supported API version is ${generation.min_api_version}, ` +
    "please upgrade your client to a newer version\n";
  return { status: 400, text, headers: { "Content-Type": "text/plain; charset=utf-8" } };
}

function isLess(left: string, right: string): boolean {
  const [leftMajor = 0, leftMinor = 0] = left.split(".").map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split(".").map(Number);
  return leftMajor === rightMajor ? leftMinor < rightMinor : leftMajor < rightMajor;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > LARGEST_BODY) throw new DockerError(400, "request body too large");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
