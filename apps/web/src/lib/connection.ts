import { Store } from "./store.ts";

/** Of the socket by which changes are told; `idle` while nothing is followed. */
export type ConnectionState = "idle" | "open" | "lost";

export const connection = new Store<ConnectionState>("idle");

/** One that was never open is no loss. */
export const loseConnection = (): void => {
  if (connection.get() === "open") connection.set("lost");
};

/** Of what was asked last: `unreachable` where no answer came, `unavailable` where the server had to say that it can't. */
export const answer = new Store<"yes" | "unreachable" | "unavailable">("yes");
