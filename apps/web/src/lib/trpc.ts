import type { AppRouter } from "@berth/api/router.ts";
import { QueryClient } from "@tanstack/react-query";
import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import { pageKey } from "./page-key.ts";
import { session } from "./session.ts";

export const { TRPCProvider, useTRPC } = createTRPCContext<AppRouter>();

export const trpcClient = createTRPCClient<AppRouter>({
  links: [
    httpBatchLink({
      url: "/trpc",
      async headers() {
        const token = await session.token();
        // Who signs in again ends the session that this browser had.
        return token === null ? (pageKey.headers() ?? {}) : { authorization: `Bearer ${token}` };
      },
      async fetch(url, options) {
        const response = await fetch(url, options as RequestInit);
        pageKey.keepFrom(response);
        return response;
      },
    }),
  ],
});

/** The server does not take the token any more: sign in again. */
export const isSignedOut = (error: unknown): boolean =>
  error instanceof TRPCClientError && (error.data as { code?: string } | null)?.code === "UNAUTHORIZED";

export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: (count, error) => !isSignedOut(error) && count < 3, staleTime: 1_000 },
    },
  });
