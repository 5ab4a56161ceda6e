import { DomainError } from "@berth/spec/error-code.ts";
import { initTRPC } from "@trpc/server";
import type { ApiContext, AuthedContext } from "./context.ts";
import { refuseUnstorable } from "./refuse-unstorable.ts";
import type { ProcedureMeta } from "./route.ts";
import { detailsOf, toTrpcError } from "./to-trpc-error.ts";

const t = initTRPC
  .context<ApiContext>()
  .meta<ProcedureMeta>()
  .create({
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
export const publicProcedure = t.procedure
  .meta({ access: "anyone" })
  .use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw toTrpcError(result.error);
    return result;
  })
  .use(async ({ next, getRawInput }) => {
    refuseUnstorable(await getRawInput());
    return next();
  });

/** Any user; which objects are theirs is the verb's to say. A token of scope `read` changes nothing. */
export const authedProcedure = publicProcedure.meta({ access: "user" }).use(({ ctx, next, type }) => {
  const { actor } = ctx;
  if (!actor) {
    throw new DomainError("UNAUTHORIZED", "Sign in first: the access token is missing or no longer good.");
  }
  ctx.calls.count(actor.user_id);
  if (type === "mutation" && actor.scope !== "write") {
    throw new DomainError("FORBIDDEN", "This token may only read: use one of scope write.");
  }
  return next({ ctx: { ...ctx, actor } satisfies AuthedContext });
});

/** What makes or ends credentials: never with an API token, which could give itself a longer life. */
export const signedInProcedure = authedProcedure.meta({ access: "signed in" }).use(({ ctx, next }) => {
  if (ctx.actor.credential.kind === "api_token") {
    throw new DomainError("FORBIDDEN", "Not with an API token: sign in with the password for this.");
  }
  return next();
});

export const adminProcedure = authedProcedure.meta({ access: "admin" }).use(({ ctx, next }) => {
  if (ctx.actor.role !== "admin") throw new DomainError("FORBIDDEN", "Only an admin may do this.");
  return next();
});
