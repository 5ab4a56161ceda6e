import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../lib/trpc.ts";
import { useReport } from "./use-report.ts";

/** Whether it is known who is signed in and what stands above the page, so that nothing of it moves once it is shown. */
export function useIsFrameKnown(): boolean {
  const me = useQuery(useTRPC().user.me.queryOptions());
  const report = useReport();
  const isKnown = isTried(me) && (me.data?.role !== "admin" || isTried(report));
  // Whatever comes later, a page stays that was shown.
  const [wasKnown, setWasKnown] = useState(isKnown);
  if (isKnown && !wasKnown) setWasKnown(true);
  return isKnown || wasKnown;
}

const isTried = ({ isFetched, failureCount }: { isFetched: boolean; failureCount: number }): boolean =>
  isFetched || failureCount > 0;
