import { DomainError } from "@berth/spec/error-code.ts";
import { initTRPC } from "@trpc/server";
import type { ApiContext, AuthedContext } from "./context.ts";
import { detailsOf, toTrpcError } from "./to-trpc-error.ts";

const t = initTRPC.context<ApiContext>().create({
  // Otherwise NODE_ENV decides whether stacks are sent.
  isDev: false,
  errorFormatter: ({ shape, error, ctx }) => ({
    ...shape,
    data: { ...shape.data, details: detailsOf(error), request_id: ctx?.request_id ?? null },
  }),
});

export const router = t.router;
export const createCallerFactory = t.createCallerFactory;

/** Anyone, signed in or not. */
export const publicProcedure = t.procedure.use(async ({ next }) => {
  const result = await next();
  if (!result.ok) throw toTrpcError(result.error);
  return result;
});

/** Any user; which objects are theirs is the verb's to say. */
export const authedProcedure = publicProcedure.use(({ ctx, next }) => {
  if (!ctx.actor) {
    throw new DomainError("UNAUTHORIZED", "Sign in first: the access token is missing or no longer good.");
  }
  return next({ ctx: { ...ctx, actor: ctx.actor } satisfies AuthedContext });
});

export const adminProcedure = authedProcedure.use(({ ctx, next }) => {
  if (ctx.actor.role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin may do this.");
  return next();
});
