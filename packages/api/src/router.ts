import { auditRouter } from "./audit-log/router.ts";
import { authRouter } from "./auth/router.ts";
import { containerRouter } from "./containers/router.ts";
import { imageRouter } from "./images/router.ts";
import { invitationRouter } from "./invitations/router.ts";
import { liveRouter } from "./live/router.ts";
import { machineRouter } from "./machines/router.ts";
import { reconcilerRouter } from "./reconcilers/router.ts";
import { registryRouter } from "./registry/router.ts";
import { storageRouter } from "./storages/router.ts";
import { settingsRouter } from "./settings/router.ts";
import { createCallerFactory, router } from "./trpc.ts";
import { usageRouter } from "./usage/router.ts";
import { userRouter } from "./users/router.ts";

export const appRouter = router({
  auth: authRouter,
  user: userRouter,
  machine: machineRouter,
  image: imageRouter,
  container: containerRouter,
  storage: storageRouter,
  live: liveRouter,
  invitation: invitationRouter,
  registry: registryRouter,
  settings: settingsRouter,
  audit: auditRouter,
  usage: usageRouter,
  reconciler: reconcilerRouter,
});
export type AppRouter = typeof appRouter;

/** Calls procedures in this process, with all their checks: a second door, or a test. */
export const createCaller = createCallerFactory(appRouter);
