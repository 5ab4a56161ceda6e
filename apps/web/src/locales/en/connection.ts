import type { Texts } from "../zh.ts";

export const connection: Texts["connection"] = {
  lost: "The connection to the server is lost. Connecting again…",
  unavailable: "The server can't read or write its data at the moment. Trying again…",
  back: "Connected again.",
};
