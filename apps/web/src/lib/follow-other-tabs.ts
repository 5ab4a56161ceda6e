import type { QueryClient } from "@tanstack/react-query";
import { pageKey } from "./page-key.ts";
import { session } from "./session.ts";
import { signedIn } from "./signed-in.ts";

/** Who signs out in one tab has done so in all, and so has who signs in. */
export function followOtherTabs(queryClient: QueryClient, leave: () => Promise<void>): void {
  pageKey.onElsewhere((isSignedIn) => {
    void (isSignedIn ? enter() : end());
  });
  const end = async (): Promise<void> => {
    if (signedIn.get() === "no") return;
    session.drop();
    signedIn.set("no");
    await leave();
    queryClient.clear();
  };
  const enter = async (): Promise<void> => {
    const isFirst = signedIn.get() === "no";
    if (!(await session.resume().catch(() => false))) return;
    signedIn.set("yes");
    if (!isFirst) await queryClient.invalidateQueries();
  };
}
