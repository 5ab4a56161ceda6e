import type { Call, Reply } from "../http/call.ts";

/** `GET` and `HEAD /_ping`: how clients learn the API version. */
export async function ping({ daemon }: Call): Promise<Reply> {
  await daemon.takes("ping");
  const modern: Record<string, string> = daemon.generation.isModern
    ? { "Builder-Version": "1", Swarm: "inactive" }
    : {};
  return {
    status: 200,
    text: "OK",
    headers: {
      ...modern,
      "Cache-Control": "no-cache, no-store, must-revalidate",
      "Content-Type": "text/plain; charset=utf-8",
      Pragma: "no-cache",
    },
  };
}
