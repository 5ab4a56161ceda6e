import * as http from "node:http";
import * as https from "node:https";
import type { EngineAddress } from "@berth/docker/engine.ts";

/** Requests to an engine that Berth itself never makes. They fail on any answer but a success. */
export function rawRequests(address: EngineAddress): (method: string, path: string) => Promise<void> {
  return async (method, path) => {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    const options = { method, path, agent: false } as const;
    const request =
      address.kind === "unix"
        ? http.request({ ...options, socketPath: address.path })
        : address.kind === "tls"
          ? https.request({ ...options, host: address.host, port: address.port, ...address.tls })
          : http.request({ ...options, host: address.host, port: address.port });
    request.once("response", resolve).once("error", reject).end();
    const response = await promise;
    response.resume();
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new Error(`${method} ${path} answered HTTP ${status}`);
  };
}
