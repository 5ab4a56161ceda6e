import { Store } from "./store.ts";

/** Whether somebody sits at this page; `ended` where their session did so while they sat there. */
export const signedIn = new Store<"yes" | "no" | "ended">("no");
