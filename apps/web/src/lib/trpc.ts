import type { AppRouter } from "@berth/api/router.ts";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, TRPCClientError, wsLink } from "@trpc/client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import { answer, connection, loseConnection } from "./connection.ts";
import { pageKey } from "./page-key.ts";
import { PromptSocket } from "./prompt-socket.ts";
import { session } from "./session.ts";
import { endSession } from "./signed-in.ts";
import { UnreachableError } from "./unreachable-error.ts";

export const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

/** Opened by the first subscription, and again by itself when it is lost: 0.5 s to 10 s later. */
const socket = createWSClient({
  url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/trpc`,
  lazy: { enabled: true, closeMs: 1_000 },
  WebSocket: PromptSocket,
  // A way that is lost without a word, as to a laptop that moved, would be noticed by nobody.
  keepAlive: { enabled: true, intervalMs: 5_000, pongTimeoutMs: 4_000 },
  connectionParams: async () => {
    const token = await session.token();
    return token === null ? {} : { access_token: token };
  },
  retryDelayMs: (attempt) => Math.min(10_000, 500 * 2 ** attempt) * (0.75 + Math.random() / 4),
  onOpen: () => connection.set("open"),
  onClose: loseConnection,
});

/** What is only read is asked again where nothing has come by then. */
const GET_MS = 10_000;

export const trpcClient = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: ({ type }) => type === "subscription",
      true: wsLink({ client: socket }),
      false: httpBatchLink({
        url: "/trpc",
        // The server takes 20 calls at once, and 16 KiB of headers with the address.
        maxItems: 20,
        maxURLLength: 8_000,
        async headers() {
          const token = await session.token();
          // Who signs in again ends the session that this browser had.
          return token === null ? (pageKey.headers() ?? {}) : { authorization: `Bearer ${token}` };
        },
        async fetch(url, options) {
          const { signal, ...request } = options as RequestInit;
          const signals = [
            ...(signal ? [signal] : []),
            ...(request.method === "GET" ? [AbortSignal.timeout(GET_MS)] : []),
          ];
          const response = await fetch(url, { ...request, signal: AbortSignal.any(signals) });
          pageKey.keepFrom(response);
          return response;
        },
      }),
    }),
  ],
});

const codeOf = (error: unknown): string | undefined =>
  error instanceof TRPCClientError ? (error.data as { code?: string } | null)?.code : undefined;

/** The server does not take the token any more: sign in again. */
const isSignedOut = (error: unknown): boolean => codeOf(error) === "UNAUTHORIZED";
/** No answer of the server's own: it, or the way to it, is away. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof TRPCClientError && codeOf(error) === undefined);
/** It answers, and can do nothing now: its database is away. */
const isUnavailable = (error: unknown): boolean => codeOf(error) === "SERVICE_UNAVAILABLE";

const RETRY_MS = 2_000;

const answerOf = (error: unknown): ReturnType<typeof answer.get> =>
  isUnreachable(error) ? "unreachable" : isUnavailable(error) ? "unavailable" : "yes";

const onError = (error: unknown): void => {
  if (isSignedOut(error)) endSession();
};

/** What is asked again by itself: a server that is away or can't answer without end, everything that it refuses not at all. */
export function createQueryClient(): QueryClient {
  const queryCache = new QueryCache({ onError });
  queryCache.subscribe((event) => {
    if (event.type !== "updated") return;
    if (event.action.type === "success") answer.set("yes");
    if (event.action.type === "failed") answer.set(answerOf(event.action.error));
  });
  return new QueryClient({
    queryCache,
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        retry: (_count, error) => answerOf(error) !== "yes",
        retryDelay: RETRY_MS,
        staleTime: 5_000,
        // A browser that takes itself to be offline may be wrong, as in a network without internet.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}
