import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../lib/trpc.ts";

const REFRESH_MS = 30_000;

/** How the reconcilers are, for admins. */
export function useReport() {
  const trpc = useTRPC();
  const me = useQuery(trpc.user.me.queryOptions());
  const enabled = me.data?.role === "admin";
  return useQuery(trpc.reconciler.report.queryOptions(undefined, { enabled, refetchInterval: REFRESH_MS }));
}
