import { appRouter } from "@berth/api/router.ts";
import { router } from "@berth/api/trpc.ts";
import type { AnyProcedure } from "@trpc/server";

// By their paths, as `container.list`: tRPC types them as they were nested.
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>);

const isSubscription = ([, { _def }]: [string, AnyProcedure]): boolean => _def.type === "subscription";

/** What a request and its answer are enough for: each is limited, logged and judged by its own credential. */
export const httpRouter = router(Object.fromEntries(procedures.filter((procedure) => !isSubscription(procedure))));

/** What goes on: over a socket, which ends with its credential. */
export const socketRouter = router(Object.fromEntries(procedures.filter(isSubscription)));
