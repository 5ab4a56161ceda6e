import { Store } from "./store.ts";

/** Whether somebody sits at this page; `ended` where their session did so while they sat there. */
export const signedIn = new Store<"yes" | "no" | "ended">("no");

/** The server takes the token of who sits here no more: they sign in again, and what the page holds stays. */
export function endSession(): void {
  if (signedIn.get() === "yes") signedIn.set("ended");
}
