import type { AnyMutationProcedure, AnyQueryProcedure, inferProcedureInput, inferProcedureOutput } from "@trpc/server";
import type { AppRouter } from "./router.ts";

/** Called like tRPC's own client, `berth.container.create.mutate({ … })`, and typed by the server's router. */
export type BerthClient = Callers<AppRouter["_def"]["record"]>;

type Callers<Routes> = {
  [Name in keyof Routes]: Routes[Name] extends AnyQueryProcedure
    ? { query: Caller<Routes[Name]> }
    : Routes[Name] extends AnyMutationProcedure
      ? { mutate: Caller<Routes[Name]> }
      : Callers<Routes[Name]>;
};

type Caller<Procedure extends AnyQueryProcedure | AnyMutationProcedure> = (
  input: inferProcedureInput<Procedure>,
  options?: { signal?: AbortSignal },
) => Promise<inferProcedureOutput<Procedure>>;

export type BerthClientOptions = { url: string } & (
  | { token?: string }
  /** The plain password: only its hash leaves this process. The client signs in by itself, and again when it must. */
  | { account: string; password: string }
);

/** The server's refusal. `code` is as tRPC names it ("CONFLICT"), `message` a sentence for a person. */
export class BerthClientError extends Error {
  override readonly name = "BerthClientError";
  readonly code: string;
  readonly details: Record<string, unknown> | null;
  readonly request_id: string | null;

  constructor(message: string, data: Failure["error"]["data"]) {
    super(message);
    this.code = data.code;
    this.details = data.details ?? null;
    this.request_id = data.request_id ?? null;
  }
}

interface Failure {
  error: {
    message: string;
    data: { code: string; details?: Record<string, unknown> | null; request_id?: string | null };
  };
}
type Answer = { result: { data: unknown } } | Failure;

const NEEDS_NO_TOKEN = new Set(["auth.login", "auth.register"]);

/** For programs. It needs nothing but `fetch`, so a copy of this file works anywhere. */
export function createBerthClient(options: BerthClientOptions): BerthClient {
  let token = "token" in options ? options.token : undefined;

  const send = async (path: string, kind: string, input: unknown, signal?: AbortSignal): Promise<unknown> => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const url = new URL(`/trpc/${path}`, options.url);
    if (kind === "query" && input !== undefined) url.searchParams.set("input", JSON.stringify(input));
    const request = kind === "query" ? { method: "GET" } : { method: "POST", body: JSON.stringify(input ?? {}) };
    const response = await fetch(url, { ...request, headers, signal: signal ?? null });
    const answer = await readAnswer(response);
    if ("error" in answer) throw new BerthClientError(answer.error.message, answer.error.data);
    return answer.result.data;
  };

  const signIn = async (): Promise<boolean> => {
    if (!("account" in options)) return false;
    const { account, password } = options;
    token = undefined;
    const answer = await send("auth.login", "mutate", { account, password: await sha256(password) });
    token = (answer as { access_token: string }).access_token;
    return true;
  };

  const call = async (path: string, kind: string, input: unknown, signal?: AbortSignal): Promise<unknown> => {
    if (token === undefined && !NEEDS_NO_TOKEN.has(path)) await signIn();
    try {
      return await send(path, kind, input, signal);
    } catch (error) {
      const isTokenEnded = error instanceof BerthClientError && error.code === "UNAUTHORIZED" && token !== undefined;
      if (!isTokenEnded || !(await signIn())) throw error;
      return send(path, kind, input, signal);
    }
  };

  return callersAt([], call) as unknown as BerthClient;
}

type Call = (path: string, kind: string, input: unknown, signal?: AbortSignal) => Promise<unknown>;

/** `container.create.mutate` is a call of the procedure `container.create`; the server says which there are. */
function callersAt(path: readonly string[], call: Call): object {
  const kind = path.at(-1);
  if (path.length > 1 && (kind === "query" || kind === "mutate")) {
    return (input: unknown, { signal }: { signal?: AbortSignal } = {}) =>
      call(path.slice(0, -1).join("."), kind, input, signal);
  }
  // Not a promise: `await client` must not ask the server for a procedure `then`.
  return new Proxy({}, { get: (_target, name) => (isStep(name) ? callersAt([...path, name], call) : undefined) });
}

const isStep = (name: string | symbol): name is string => typeof name === "string" && name !== "then";

async function readAnswer(response: Response): Promise<Answer> {
  const isJson = response.headers.get("content-type")?.includes("application/json") ?? false;
  const body: unknown = isJson ? await response.json() : await response.text();
  if (typeof body === "object" && body !== null) {
    if ("result" in body) return body as Answer;
    if ("error" in body && isFailure(body.error)) return { error: body.error };
    if ("error" in body && isRefusal(body.error)) return { error: { message: body.error.message, data: body.error } };
  }
  throw new BerthClientError(`${new URL(response.url).origin} answered ${response.status}, and not as Berth does`, {
    code: "UNAVAILABLE",
  });
}

const isFailure = (error: unknown): error is Failure["error"] =>
  typeof error === "object" && error !== null && "data" in error;

/** What the server says before a procedure is reached: too large, too many, nothing there. */
const isRefusal = (error: unknown): error is { code: string; message: string } =>
  typeof error === "object" && error !== null && "code" in error && "message" in error;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
