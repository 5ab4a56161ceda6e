import { authRouter } from "./auth/router.ts";
import { containerRouter } from "./containers/router.ts";
import { imageRouter } from "./images/router.ts";
import { machineRouter } from "./machines/router.ts";
import { createCallerFactory, router } from "./trpc.ts";

export const appRouter = router({
  auth: authRouter,
  machine: machineRouter,
  image: imageRouter,
  container: containerRouter,
});
export type AppRouter = typeof appRouter;

/** Calls procedures in this process, with all their checks: a second door, or a test. */
export const createCaller = createCallerFactory(appRouter);
