import { type IncomingHttpHeaders, request } from "node:http";
import type { SimulatedEngine } from "./simulated-engine.ts";

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Throws where the body is no JSON. */
  json(): unknown;
}

/** One request as any HTTP client makes it. Rejects where the connection ends before the answer does. */
export function ask(engine: SimulatedEngine, method: string, path: string, body?: unknown): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const target =
    engine.socket_path === null ? { host: "127.0.0.1", port: engine.port } : { socketPath: engine.socket_path };
  const sent = request({ ...target, method, path, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("error", reject);
    response.once("end", () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) });
    });
  });
  sent.once("error", reject);
  if (body !== undefined) sent.setHeader("Content-Type", "application/json");
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
