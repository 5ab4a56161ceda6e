import {
  createTRPCClient,
  httpLink,
  type Operation,
  retryLink,
  type TRPCClient,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";

export type BerthClient = TRPCClient<AppRouter>;

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

/** For programs: `berth.container.create.mutate({ … })`. Each call is a request of its own. */
export function createBerthClient(options: BerthClientOptions): BerthClient {
  const url = new URL("/trpc", options.url).href;
  const signIn = "account" in options ? () => requestToken(url, options) : undefined;
  let token = "token" in options && options.token !== undefined ? Promise.resolve(options.token) : undefined;

  const headers = async ({ op }: { op: Operation }): Promise<Record<string, string>> => {
    if (NEEDS_NO_TOKEN.has(op.path)) return {};
    // Calls that begin together share one signing in; one that fails is not kept.
    token ??= signIn?.().catch((error: unknown) => {
      token = undefined;
      throw error;
    });
    return token ? { authorization: `Bearer ${await token}` } : {};
  };

  return createTRPCClient<AppRouter>({
    links: [
      giveErrorsACode,
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
  });
}

const giveErrorsACode: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) =>
    observable((observer) =>
      next(op).subscribe({ ...observer, error: (error) => observer.error(new BerthClientError(error)) }),
    );

const NEEDS_NO_TOKEN = new Set(["auth.login", "auth.register"]);

async function requestToken(url: string, { account, password }: { account: string; password: string }) {
  const client = createTRPCClient<AppRouter>({ links: [giveErrorsACode, httpLink({ url })] });
  return (await client.auth.login.mutate({ account, password: await sha256(password) })).access_token;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
