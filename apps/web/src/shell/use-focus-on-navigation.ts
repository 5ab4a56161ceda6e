import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { isDialogOpen, isTyping } from "./keys.ts";

/** A new page has the focus, at its name where it has one already: keys and screen readers go on there. */
export function useFocusOnNavigation(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, pathChanged }) => {
        const main = document.querySelector<HTMLElement>("main");
        const isTaken = main?.contains(document.activeElement) && isTyping(document.activeElement);
        if (!fromLocation || !pathChanged || isTaken || isDialogOpen()) return;
        (main?.querySelector<HTMLElement>("h1") ?? main)?.focus();
      }),
    [router],
  );
}
