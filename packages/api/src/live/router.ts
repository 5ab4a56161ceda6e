import { authedProcedure, router } from "../trpc.ts";
import { NEVER, passOn } from "./pass-on.ts";

export const liveRouter = router({
  /**
   * What the caller should fetch again, in batches, at most ten a second. The first says that anything may have changed,
   * and so does one after a time in which changes were lost.
   */
  changes: authedProcedure.subscription(({ ctx, signal }) => passOn(ctx.changes.follow(ctx.actor, signal ?? NEVER))),
});
