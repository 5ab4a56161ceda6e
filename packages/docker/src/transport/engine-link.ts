import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import type { z } from "zod";
import { type CallOptions, type EngineAddress, EngineError, type EngineVersion } from "../engine.ts";
import { negotiate, presume, versionIn } from "./api-version.ts";
import { readBody } from "./body.ts";
import { CallScope } from "./call-scope.ts";
import { Connection, type ConnectionOptions, type Pool } from "./connection.ts";
import { dial, type Handover, type WireAnswer } from "./dial.ts";
import { type DescribedRequest, dockerodeOver } from "./dockerode.ts";
import { isVersionRefusal, notDocker, refusal } from "./failures.ts";

const PING_MS = 5_000;
const MAX_REFUSAL_BYTES = 256 * 1024;
/** A list of some ten thousand containers. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Describes one request by a method of dockerode. What that resolves with is not looked at: its types are promises only. */
export type Ask = (docker: Docker) => Promise<unknown>;

/** A stream whose head has come, and the scope that can interrupt it. Whoever opened it ends the scope. */
export interface OpenStream {
  response: IncomingMessage;
  scope: CallScope;
}

/** A connection that the engine has handed over, and the scope that can interrupt it. Whoever opened it ends the scope. */
export interface OpenConnection extends Handover {
  scope: CallScope;
}

export interface EngineLinkOptions extends ConnectionOptions {
  /**
   * What was agreed on with this engine before: calls begin with it instead of asking first. Where the engine was
   * exchanged meanwhile, its first answer says so.
   */
  apiVersion?: string | null;
  /**
   * Called right before a request that may change something (that is no GET) goes out, on a connection that is open by
   * then. What it throws ends the call, of which the engine has heard nothing.
   */
  beforeChange?: () => void;
}

/** Everything that calls of one engine share: its connections, the version agreed on, the open calls. */
export class EngineLink {
  readonly #connection: Connection;
  readonly #beforeChange: () => void;
  readonly #live = new Set<CallScope>();
  #isClosed = false;
  #version: EngineVersion | null = null;
  #negotiation: Promise<EngineVersion> | null = null;

  constructor(address: EngineAddress, { apiVersion = null, beforeChange, ...options }: EngineLinkOptions) {
    this.#beforeChange = beforeChange ?? (() => {});
    this.#connection = new Connection(address, options);
    this.#version = presume(apiVersion);
  }

  /** What is spoken with the engine; null before it was asked. */
  get version(): EngineVersion | null {
    return this.#version;
  }

  /** One call and its answer, decoded: an answer of another shape is `protocol`. */
  async call<T>(ask: Ask, schema: z.ZodType<T>, options: CallOptions | undefined, defaultMs: number): Promise<T> {
    const scope = this.#scope(options?.deadlineMs ?? defaultMs, options?.signal);
    try {
      let answer: object = {};
      const docker = dockerodeOver(async (request) => {
        const { response } = await this.#send("calls", request, scope);
        answer = parseAnswer(await readBody(response, MAX_ANSWER_BYTES, scope));
        return answer;
      });
      await ask(docker);
      return decode(schema, answer);
    } finally {
      scope.end();
    }
  }

  /**
   * Opens a stream on a connection of its own. `headMs` is the deadline of its head; what follows is the caller's, and
   * what is before it as well for whoever streams the request: `opened` gives the scope beforehand.
   */
  async open(
    ask: Ask,
    signal: AbortSignal | undefined,
    headMs: number,
    opened?: (scope: CallScope) => void,
  ): Promise<OpenStream> {
    const scope = this.#scope(headMs, signal);
    opened?.(scope);
    try {
      const { response } = await this.#sendAsked(ask, {}, scope);
      return { response, scope };
    } catch (error) {
      scope.end();
      throw error;
    }
  }

  /**
   * As {@link open}, for what flows both ways: the engine hands the connection over. An answer that keeps it is
   * `protocol`: a proxy between takes the upgrade out, and what is typed would go nowhere.
   */
  async upgrade(ask: Ask, signal: AbortSignal | undefined, headMs: number): Promise<OpenConnection> {
    const scope = this.#scope(headMs, signal);
    try {
      const headers = { connection: "Upgrade", upgrade: "tcp" };
      const { response, handover } = await this.#sendAsked(ask, headers, scope);
      if (handover) return { ...handover, scope };
      response.destroy();
      const status = response.statusCode ?? 0;
      throw notDocker(`HTTP ${status} where it should have handed the connection over; is a proxy between?`, {
        status,
      });
    } catch (error) {
      scope.end();
      throw error;
    }
  }

  /** Asks the engine anew which version it speaks. */
  async ping(options: CallOptions | undefined): Promise<EngineVersion> {
    const scope = this.#scope(options?.deadlineMs ?? PING_MS, options?.signal);
    try {
      const request = { method: "GET", path: "/_ping", headers: {}, body: null };
      const { response } = await dial(this.#connection, "calls", request, scope);
      const body = await readBody(response, MAX_REFUSAL_BYTES, scope);
      if (response.statusCode !== 200) throw refusal(response.statusCode ?? 0, body);
      this.#version = null;
      this.#version = negotiate(response.headers);
      return this.#version;
    } finally {
      scope.end();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const scope of this.#live) scope.interrupt("closed");
    this.#connection.close();
  }

  #scope(deadlineMs: number, signal: AbortSignal | undefined): CallScope {
    const scope = new CallScope(this.#live, deadlineMs, signal);
    if (this.#isClosed) scope.interrupt("closed");
    return scope;
  }

  /** Sends what dockerode describes, with these headers more, on a connection of its own. */
  async #sendAsked(ask: Ask, headers: Record<string, string>, scope: CallScope): Promise<WireAnswer> {
    let answer: WireAnswer | undefined;
    const send = async (request: DescribedRequest): Promise<object> => {
      return (answer = await this.#send("streams", { ...request, headers: { ...request.headers, ...headers } }, scope));
    };
    await ask(dockerodeOver(send));
    if (!answer) throw new Error("the request was not sent");
    return answer;
  }

  /** Resolves with an answer that is a success (304, "it is so already", is one). A refusal is thrown. */
  async #send(pool: Pool, request: DescribedRequest, scope: CallScope): Promise<WireAnswer> {
    const spoken = this.#version ?? (await this.#agree(scope));
    try {
      return await this.#sendOnce(pool, request, spoken, scope);
    } catch (error) {
      const isRefusedVersion = error instanceof EngineError && error.status === 400 && isVersionRefusal(error.message);
      if (!isRefusedVersion) throw error;
      // The engine was exchanged under us, and has done nothing yet: agree again, and ask again where that helps.
      this.#version = null;
      if (request.body instanceof Readable) throw error; // a part of it has gone: the caller must begin again
      const agreed = await this.#agree(scope);
      if (agreed.api_version === spoken.api_version) throw error;
      return this.#sendOnce(pool, request, agreed, scope);
    }
  }

  async #sendOnce(
    pool: Pool,
    request: DescribedRequest,
    { api_version }: EngineVersion,
    scope: CallScope,
  ): Promise<WireAnswer> {
    const path = `/v${api_version}${request.path}`;
    const beforeSend = request.method === "GET" ? () => {} : this.#beforeChange;
    const answer = await dial(this.#connection, pool, { ...request, path, beforeSend }, scope);
    const { response, handover } = answer;
    this.#noticeUpgrade(response);
    const status = response.statusCode ?? 0;
    if (handover || (status >= 200 && status < 300) || status === 304) return answer;
    if (status < 400) {
      response.destroy(); // its body is of no interest, and may be endless
      throw refusal(status, "");
    }
    throw refusal(status, await readBody(response, MAX_REFUSAL_BYTES, scope));
  }

  /**
   * All answers carry the engine's newest version: another than before means that Docker was exchanged there. What it speaks
   * now is in the same header; the next call asks one that Berth does not speak, and says why.
   */
  #noticeUpgrade({ headers }: IncomingMessage): void {
    const seen = versionIn(headers);
    if (seen === null || seen === this.#version?.engine_api_version) return;
    try {
      this.#version = negotiate(headers);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#version = null;
    }
  }

  /** The version to speak; calls that come at once share one question. */
  async #agree(scope: CallScope): Promise<EngineVersion> {
    this.#negotiation ??= this.ping(undefined).finally(() => (this.#negotiation = null));
    try {
      return await scope.race(this.#negotiation);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { kind, message, status, timedOut } = error;
      throw new EngineError(kind, message, { status, timedOut, sent: false, cause: error }); // only the question went out
    }
  }
}

/** An empty body is an empty object: the calls that answer nothing have no field to look for. */
function parseAnswer(body: string): object {
  if (body === "") return {};
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch (cause) {
    throw notDocker("its answer is not JSON", { cause });
  }
  if (answer === null || typeof answer !== "object") throw notDocker("its answer is neither an object nor a list");
  return answer;
}

/** Reads an answer, or a line of a stream, by its schema. */
export function decode<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw notDocker(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unreadable"}`, { cause: parsed.error });
}
