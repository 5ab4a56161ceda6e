import "./lib/zod-without-eval.ts"; // before any schema is made
import "./styles.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followOtherTabs } from "./lib/follow-other-tabs.ts";
import { spoken } from "./lib/i18n.ts";
import { translateWhatIsSaid } from "./lib/said.ts";
import { session } from "./lib/session.ts";
import { signedIn } from "./lib/signed-in.ts";
import { createQueryClient, TRPCProvider, trpcClient } from "./lib/trpc.ts";
import { router } from "./router.tsx";
import { prefetchFrame } from "./shell/prefetch-frame.ts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const queryClient = createQueryClient();
const resuming = session.resume(); // a server that can't be reached now is told by the page itself
// The page's own code comes meanwhile.
const [routes] = router.getMatchedRoutes(location.pathname);
for (const route of routes) router.loadRouteChunk(route)?.catch(() => undefined); // the page itself asks for it again
const [isSignedIn] = await Promise.all([resuming, spoken]);
if (isSignedIn) {
  signedIn.set("yes");
  void prefetchFrame(queryClient);
}
followOtherTabs(queryClient, () => router.navigate({ to: "/login" }));

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        <RouterProvider router={router} />
      </TRPCProvider>
    </QueryClientProvider>
  </StrictMode>,
);
translateWhatIsSaid();
