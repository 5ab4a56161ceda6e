import { readToken } from "@berth/api/auth/access-token.ts";
import { isApiToken } from "@berth/api/auth/api-token.ts";
import { createCallLimiter } from "@berth/api/call-limiter.ts";
import type { ApiServices } from "@berth/api/context.ts";
import { containerPathOf, OWN_PATH, pageOf, type ProxyAddress } from "@berth/api/proxy/addresses.ts";
import { beginVisit, type Visit } from "@berth/api/proxy/visit.ts";
import { DomainError } from "@berth/spec/error-code.ts";
import type { FastifyBaseLogger } from "fastify";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import { type AddressInfo, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { HttpServers } from "../http-servers.ts";
import type { Live } from "../live/open-live.ts";
import type { Reach, ReachFailure } from "../reach/reach.ts";
import { endWith } from "./end-with.ts";
import { forward, type Forwarded, forwardUpgrade, IDLE_MS, refuseOnWire } from "./forward.ts";
import { type Page, PAGE_HEADERS, pageOnWire, sendPage } from "./pages.ts";
import { hostOf, isOwnPath, type Place, placeOf, schemeOf } from "./place.ts";
import { ReachAgent } from "./reach-agent.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import { cookiesNamed, hasBody } from "./request-headers.ts";
import { type StrangerLimits, Strangers } from "./strangers.ts";
import { Visitors } from "./visitors.ts";

export interface ProxyOptions {
  services: ApiServices;
  reach: Pick<Reach, "dial">;
  log: FastifyBaseLogger;
  address: ProxyAddress;
  /** Where Berth itself is: who has no cookie is sent there. Null where that is not known. */
  consoleUrl: string | null;
  live?: Pick<Live, "onCredentials">;
  servers?: HttpServers;
  /** The last entry of X-Forwarded-For is the visitor, as the proxy in front of us says. */
  isBehindProxy?: boolean;
  limits?: Partial<StrangerLimits>;
}

/** A browser that has pages of several containers sends one cookie to each; more of that name are somebody's game. */
const MAX_COOKIES = 4;
/** Of one visitor: a notebook's page asks for some hundred files. Apart from what the account may ask of the API. */
const REQUESTS_PER_MINUTE = 30_000;
const SESSION_COOKIE_S = 30 * 24 * 3_600;
/** For the rest of a request that is answered before all of it has come. */
const REST_MS = 5_000;

/** Shows the web pages of containers, each to whoever may see it, from {@link Proxy.listen} on. */
export class Proxy {
  readonly server: Server;
  readonly #options: ProxyOptions;
  readonly #visitors: Visitors;
  readonly #agent: ReachAgent;
  readonly #requests = createCallLimiter(REQUESTS_PER_MINUTE);
  readonly #strangers: Strangers;
  readonly #cookie: string;
  readonly #sockets = new Set<Duplex>();

  constructor(options: ProxyOptions) {
    const { services, reach, log, address, live, limits, servers = new HttpServers() } = options;
    this.#options = options;
    this.#strangers = new Strangers(limits);
    this.#visitors = new Visitors(services.sql, log);
    this.#agent = new ReachAgent(reach);
    live?.onCredentials((userId) => void this.#visitors.recheck(userId));
    // No page of a sister host can set one of that name.
    this.#cookie = address.domain !== null && schemeOf(address) === "https" ? "__Host-berth_proxy" : "berth_proxy";
    this.server = servers.create((request, response) => void this.#answer(request, response));
    this.server.requestTimeout = 0; // an upload may take any time, but not be silent for long
    this.server.setTimeout(IDLE_MS);
    this.server.on("upgrade", (request, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
    this.server.on("clientError", (_, socket) => {
      if (socket.writable) endWith(socket, pageOnWire(400, "This request can't be read.\n"));
      else socket.destroy();
    });
    // All of those that come through a proxy are its own.
    if (!options.isBehindProxy) this.server.on("connection", (socket) => this.#strangers.greet(socket));
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    this.server.listen({ host, port });
    await once(this.server, "listening");
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends all that is open. */
  async close(): Promise<void> {
    this.#visitors.close();
    for (const socket of this.#sockets) socket.destroy();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
    this.#agent.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on("error", () => {});
    response.on("error", () => {});
    response.once("finish", () => limitRest(request));
    try {
      const url = request.url ?? "/";
      if (isOwnPath(url)) return await this.#enter(request, response, url);
      const found = await this.#find(request);
      if ("status" in found) return sendPage(request, response, found);
      const { prefix, isShared } = found.place;
      if (isShared && !url.startsWith(prefix)) {
        const location = prefix + url.slice(prefix.length - 1);
        return void response.writeHead(302, { ...PAGE_HEADERS, location, "content-length": "0" }).end();
      }
      const visit = await this.#begin(found, request, () => response.destroy());
      response.once("close", visit.leave);
      if (response.destroyed) return visit.leave();
      await forward(request, response, visit);
    } catch (error) {
      sendPage(request, response, this.#pageOf(error));
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => {});
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const refuse = ({ status, title, text }: Page): void => refuseOnWire(socket, status, `${title}. ${text}`);
    try {
      if (request.headers.upgrade?.toLowerCase() !== "websocket" || request.method !== "GET" || hasBody(request)) {
        return refuse({ status: 400, title: "Not here", text: "Only WebSockets are upgraded." });
      }
      const found = await this.#find(request);
      if ("status" in found) return refuse(found);
      const visit = await this.#begin(found, request, () => socket.destroy());
      socket.once("close", visit.leave);
      if (socket.destroyed) return visit.leave();
      forwardUpgrade(request, socket, head, { ...visit, refuse: (error) => refuse(this.#pageOf(error)) });
    } catch (error) {
      refuse(this.#pageOf(error));
    }
  }

  /** Who asks, and for what; or the page that refuses. What there is, is told to nobody who may not see it. */
  async #find(request: IncomingMessage): Promise<{ token: string; place: Place } | Page> {
    const { address } = this.#options;
    const host = hostOf(request);
    if (host === null) return { status: 400, title: "Which host?", text: "This request names no host." };
    const letIn = this.#countStranger(request);
    for (const token of cookiesNamed(request.headers.cookie, this.#cookie).slice(0, MAX_COOKIES)) {
      const visit = await this.#visitors.find(token);
      const place = visit && placeOf(address, visit, host, request.url ?? "/");
      if (!place) continue;
      letIn();
      const refusal = refuseForeign(request, place);
      if (refusal !== null) return { status: 403, title: "Refused", text: refusal };
      this.#requests.count(visit.actor.user_id);
      return { token, place };
    }
    return this.#signedOut();
  }

  /** Before anything is looked up. Call what it returns where the request lets somebody in. */
  #countStranger(request: IncomingMessage): () => void {
    const forgive = this.#strangers.count(this.#addressOf(request));
    return () => {
      forgive();
      this.#strangers.admit(request.socket);
    };
  }

  async #begin(
    { token, place }: { token: string; place: Place },
    request: IncomingMessage,
    end: () => void,
  ): Promise<Forwarded & { leave: () => void }> {
    const isOurs = await isForBerth(this.#options.services, request.headers.authorization);
    const stop = new AbortController();
    const leave = this.#visitors.enter(token, place.visit, () => {
      stop.abort();
      end();
    });
    const address = this.#addressOf(request);
    return { agent: this.#agent, place, isOurs, address, signal: stop.signal, leave };
  }

  /** Takes the code, and sends the browser to the page itself, without it. */
  async #enter(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
    const { services, address } = this.#options;
    const asked = URL.parse(url, "http://proxy");
    const code =
      asked?.pathname === `${OWN_PATH}/open` && request.method === "GET" ? asked.searchParams.get("code") : null;
    const letIn = this.#countStranger(request);
    const begun = code === null || code.length > 128 ? null : await beginVisit(services, code);
    const host = hostOf(request);
    const isHere =
      begun && (address.domain === null || new URL(pageOf(address, begun.visit, begun.port)).host === host);
    if (!begun || !isHere) return sendPage(request, response, this.#signedOut());
    letIn();
    const { token, visit, port } = begun;
    response.writeHead(302, {
      ...PAGE_HEADERS,
      location: address.domain === null ? `${containerPathOf(visit)}${port}/` : "/",
      "set-cookie": this.#cookieOf(visit, token),
      "content-length": "0",
    });
    response.end();
  }

  /** Its end is that of its row; the browser keeps it until it is closed, or for longer where it is used. */
  #cookieOf(visit: Visit, token: string): string {
    const { address } = this.#options;
    const path = address.domain === null ? containerPathOf(visit) : "/";
    const secure = schemeOf(address) === "https" ? "; Secure" : "";
    return `${this.#cookie}=${token}; Path=${path}; Max-Age=${SESSION_COOKIE_S}; HttpOnly; SameSite=Lax${secure}`;
  }

  #addressOf(request: IncomingMessage): string {
    const forwarded = this.#options.isBehindProxy ? request.headers["x-forwarded-for"] : undefined;
    const last = [forwarded].flat().join(",").split(",").at(-1)?.trim() ?? "";
    return isIP(last) ? last : (request.socket.remoteAddress ?? "");
  }

  #signedOut(): Page {
    const { consoleUrl } = this.#options;
    const link = consoleUrl === null ? undefined : { url: consoleUrl, text: "To Berth" };
    return {
      status: 401,
      title: "Open this page from Berth",
      text: "Sign in there, and open the port of your container.",
      link,
    };
  }

  #pageOf(error: unknown): Page {
    const { log } = this.#options;
    if (!(error instanceof DomainError)) {
      const isOfProgram = error instanceof Error && "code" in error;
      if (!isOfProgram) log.error({ err: error }, "a page could not be shown");
      return {
        status: 502,
        title: "No answer",
        text: "The program in the container gave no answer. Look at its log.",
        retryAfterS: 5,
      };
    }
    if (error.code === "TOO_MANY_REQUESTS") {
      const retryAfterS = Number(error.details?.["retry_after_s"] ?? 5);
      return { status: 429, title: "Too many requests", text: error.message, retryAfterS };
    }
    const reason = error.details?.["reason"] as ReachFailure | undefined;
    const page = reason === undefined ? { status: 503, title: "Not now" } : PAGES[reason];
    return { ...page, text: error.message, retryAfterS: 5 };
  }
}

const PAGES: Record<ReachFailure, { status: number; title: string }> = {
  not_running: { status: 503, title: "The container does not run" },
  nothing_listens: { status: 502, title: "Nothing is there yet" },
  machine_away: { status: 504, title: "The machine does not answer" },
  no_relay: { status: 503, title: "Not yet" },
};

/** What comes late is read for a moment, so that its sender sees the answer; then its connection is closed. */
function limitRest(request: IncomingMessage): void {
  if (request.complete) return;
  const late = setTimeout(() => request.destroy(), REST_MS).unref();
  request.once("end", () => clearTimeout(late)).once("close", () => clearTimeout(late));
  request.unpipe().resume();
}

/** An Authorization that lets its bearer into Berth goes to no container. */
async function isForBerth(services: ApiServices, authorization: string | undefined): Promise<boolean> {
  const [, token] = /^Bearer +(\S{1,4096})$/i.exec(authorization?.trim() ?? "") ?? [];
  if (token === undefined) return false;
  return isApiToken(token) || (await readToken(services, token)) !== null;
}
