import type { AppRouter } from "@berth/api/router.ts";
import type { QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { trpcClient } from "../lib/trpc.ts";

/** Asks for what every page is drawn by, while the page's own code comes. Where it fails, the page asks again. */
export async function prefetchFrame(queryClient: QueryClient): Promise<void> {
  const trpc = createTRPCOptionsProxy<AppRouter>({ client: trpcClient, queryClient });
  await queryClient.prefetchQuery(trpc.user.me.queryOptions());
  if (queryClient.getQueryData(trpc.user.me.queryKey())?.role !== "admin") return;
  await Promise.all([
    queryClient.prefetchQuery(trpc.reconciler.report.queryOptions()),
    // Above the machines of the home page, and nowhere else.
    location.pathname === "/" && queryClient.prefetchQuery(trpc.settings.setup.queryOptions()),
  ]);
}
