import type { Call, Reply } from "../http/call.ts";
import { importImage } from "./import.ts";
import { pullImage } from "./pull.ts";

/** `POST /images/create`, which is two things: a pull, or the import of a tar file. */
export function createImage(call: Call): Promise<Reply> {
  return call.query.has("fromSrc") ? importImage(call) : pullImage(call);
}
