import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { buffer } from "node:stream/consumers";

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** `{ socketPath }`, or a host and a port. */
export type Wire = { socketPath: string } | { host: string; port: number };

/** One request on a connection of its own, answered when its answer has ended. */
export function sendRequest(
  wire: Wire,
  { method, path, headers, body }: { method: string; path: string; headers: OutgoingHttpHeaders; body: Buffer },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...wire, method, path, headers, agent: false }, (response) => {
      buffer(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
        reject,
      );
    });
    sent.once("error", reject).end(body);
  });
}
