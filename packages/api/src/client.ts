import {
  createTRPCClient,
  httpLink,
  type Operation,
  retryLink,
  splitLink,
  type TRPCClient,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";
import { createSubscriptionLink } from "./subscription-link.ts";

export type BerthClient = TRPCClient<AppRouter> & {
  /** Ends the subscriptions and their connection. Other calls still work. */
  close(): Promise<void>;
};

/** What a call throws: `message` is a sentence for a person. Where no answer came, or not Berth's, `code` is null. */
export class BerthClientError extends TRPCClientError<AppRouter> {
  /** As tRPC names it: "CONFLICT". */
  readonly code: string | null;
  readonly details: Record<string, unknown> | null;
  /** By which an admin finds it in the server's log. */
  readonly request_id: string | null;

  constructor(error: TRPCClientError<AppRouter>) {
    super(error.message, { cause: error, ...(error.shape && { result: { error: error.shape } }) });
    Object.setPrototypeOf(this, BerthClientError.prototype); // the parent sets its own
    this.name = "BerthClientError";
    this.code = error.data?.code ?? null;
    this.details = error.data?.details ?? null;
    this.request_id = error.data?.request_id ?? null;
  }
}

export type BerthClientOptions = { url: string } & (
  | { token?: string }
  /** The plain password: only its hash leaves this process. The client signs in by itself, and again when it must. */
  | { account: string; password: string }
);

/**
 * For programs: `berth.container.create.mutate({ … })`. Each call is a request of its own; subscriptions, as
 * `berth.live.changes.subscribe(undefined, { onData })`, share one WebSocket, which comes back by itself.
 */
export function createBerthClient(options: BerthClientOptions): BerthClient {
  const url = new URL("/trpc", options.url).href;
  const signIn = "account" in options ? () => requestToken(url, options) : undefined;
  let token = "token" in options && options.token !== undefined ? Promise.resolve(options.token) : undefined;
  let tokenOfSocket: typeof token;

  // Calls that begin together share one signing in; one that fails is not kept.
  const currentToken = (): typeof token =>
    (token ??= signIn?.().catch((error: unknown) => {
      token = undefined;
      throw error;
    }));

  const headers = async ({ op }: { op: Operation }): Promise<Record<string, string>> => {
    if (NEEDS_NO_TOKEN.has(op.path)) return {};
    const bearer = await currentToken();
    return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  };

  const subscriptions = createSubscriptionLink({
    url,
    async accessToken() {
      tokenOfSocket = currentToken();
      return (await tokenOfSocket) ?? null;
    },
    renewToken() {
      if (!signIn) return noLongerGood();
      if (token === tokenOfSocket) token = undefined;
      return null;
    },
    isFinal: (error): error is TRPCClientError<AppRouter> =>
      error instanceof BerthClientError && SIGN_IN_REFUSED.has(error.code),
  });

  const client = createTRPCClient<AppRouter>({
    links: [
      giveErrorsACode,
      splitLink({
        condition: (op) => op.type === "subscription",
        true: subscriptions.link,
        false: [
          retryLink({
            retry({ op, error, attempts }) {
              const isTokenEnded = error.data?.code === "UNAUTHORIZED" && !NEEDS_NO_TOKEN.has(op.path);
              if (!signIn || !isTokenEnded || attempts > 1) return false;
              token = undefined;
              return true;
            },
          }),
          httpLink({ url, headers }),
        ],
      }),
    ],
  });
  // tRPC's client answers every name with a procedure of that name.
  return new Proxy(client as BerthClient, {
    get: (target, name) => (name === "close" ? subscriptions.close : Reflect.get(target, name)),
  });
}

/** As the server would say it over HTTP. */
function noLongerGood(): TRPCClientError<AppRouter> {
  const message = "Sign in again: the access token is no longer good.";
  const data = { code: "UNAUTHORIZED", httpStatus: 401, details: null, request_id: null } as const;
  return new TRPCClientError(message, { result: { error: { message, code: -32001, data } } });
}

const giveErrorsACode: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) =>
    observable((observer) =>
      next(op).subscribe({ ...observer, error: (error) => observer.error(new BerthClientError(error)) }),
    );

/** Trying again does not help. */
const SIGN_IN_REFUSED = new Set<string | null>(["UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND"]);

const NEEDS_NO_TOKEN = new Set(["auth.login", "auth.register"]);

async function requestToken(url: string, { account, password }: { account: string; password: string }) {
  const client = createTRPCClient<AppRouter>({ links: [giveErrorsACode, httpLink({ url })] });
  return (await client.auth.login.mutate({ account, password: await sha256(password) })).access_token;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
