import { createWSClient, type TRPCClientError, type TRPCLink, wsLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";

type Failure = TRPCClientError<AppRouter>;

/** As the server closes a socket whose credential is no good (see the spec's CLOSE_CODE). */
const UNAUTHORIZED = 4401;

/** A socket without subscriptions is closed after it. */
const IDLE_MS = 5_000;
/** One that lived so long was a good one: the next attempt comes soon again. */
const GOOD_MS = 10_000;
const RETRY_MS = { first: 250, longest: 30_000 };
/** A network that is gone without a word is noticed. */
const KEEP_ALIVE = { enabled: true, intervalMs: 30_000, pongTimeoutMs: 10_000 };

/**
 * The server was closing the socket already when tRPC's client came to send on it, which is that client's failure and not
 * the subscription's: why it was closed is told in a moment.
 */
const isOvertaken = ({ message }: Failure): boolean => message === "Active connection is not open";

export interface SubscriptionParts {
  /** Of tRPC, as `http:` or `https:`. */
  url: string;
  /** Null where this client has none. */
  accessToken(): Promise<string | null>;
  /** The server refused the token: the next call of `accessToken` gives another, or there is none and this says so. */
  renewToken(): Failure | null;
  /** What `accessToken` threw will be thrown again, however often it is asked. */
  isFinal(error: unknown): error is Failure;
}

/**
 * Subscriptions over one WebSocket, opened with the first of them. It comes back by itself after it was lost, with a new
 * token where the old one has ended; where no token is to be had any more, the subscriptions fail.
 */
export function createSubscriptionLink(parts: SubscriptionParts): {
  link: TRPCLink<AppRouter>;
  close(): Promise<void>;
} {
  const failing = new Set<(error: Failure) => void>();
  let opened: { link: TRPCLink<AppRouter>; close(): Promise<void> } | undefined;

  function end(error: Failure): void {
    const ended = opened;
    opened = undefined;
    // First: those that are still there when it closes are told that they are complete.
    for (const fail of failing) fail(error);
    void ended?.close();
  }

  function open(): { link: TRPCLink<AppRouter>; close(): Promise<void> } {
    let attempts = 0;
    let openedAt = 0;
    const client = createWSClient({
      url: parts.url.replace(/^http/, "ws"),
      connectionParams: async () => {
        try {
          const token = await parts.accessToken();
          return token === null ? null : { access_token: token };
        } catch (error) {
          if (parts.isFinal(error)) end(error);
          throw error;
        }
      },
      lazy: { enabled: true, closeMs: IDLE_MS },
      keepAlive: KEEP_ALIVE,
      retryDelayMs: () => Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** attempts++) * (0.5 + Math.random() / 2),
      onOpen: () => {
        openedAt = Date.now();
      },
      onClose(cause) {
        if (openedAt > 0 && Date.now() - openedAt >= GOOD_MS) attempts = 0;
        openedAt = 0;
        const failure = cause?.code === UNAUTHORIZED ? parts.renewToken() : null;
        if (failure) end(failure);
      },
    });
    return { link: wsLink<AppRouter>({ client }), close: () => client.close() };
  }

  return {
    link:
      (runtime) =>
      ({ op, next }) =>
        observable((observer) => {
          const fail = (error: Failure): void => observer.error(error);
          failing.add(fail);
          let subscription = subscribe();
          let again: NodeJS.Timeout | number | undefined;
          function subscribe() {
            opened ??= open();
            return opened
              .link(runtime)({ op, next })
              .subscribe({ ...observer, error: failOrTryAgain });
          }
          function failOrTryAgain(error: Failure): void {
            if (!isOvertaken(error)) return observer.error(error);
            again = setTimeout(() => (subscription = subscribe()), RETRY_MS.first);
          }
          return () => {
            failing.delete(fail);
            clearTimeout(again);
            subscription.unsubscribe();
          };
        }),
    async close() {
      await opened?.close();
      opened = undefined;
    },
  };
}
