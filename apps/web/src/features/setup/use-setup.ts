import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../../lib/trpc.ts";
import { needsNothing } from "./setup-steps.ts";

const REFRESH_MS = 15_000;

/** What a fresh Berth has and lacks, for admins; asked for until it lacks nothing. */
export function useSetup() {
  const trpc = useTRPC();
  const me = useQuery(trpc.user.me.queryOptions());
  return useQuery(
    trpc.settings.setup.queryOptions(undefined, {
      enabled: me.data?.role === "admin",
      refetchInterval: ({ state }) => (state.data && needsNothing(state.data) ? false : REFRESH_MS),
    }),
  );
}
