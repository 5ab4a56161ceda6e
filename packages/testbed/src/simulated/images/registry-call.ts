import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { SimulatedRegistry } from "./simulated-registry.ts";

/** One request to a repository. */
export interface RegistryCall {
  registry: SimulatedRegistry;
  /** Uploads that have begun, by their uuid: they live as long as the process does. */
  uploads: Map<string, Buffer>;
  method: string;
  /** As it stands in the path: `alice/work`. */
  name: string;
  /** As engines call it: `127.0.0.1:5000/alice/work`. */
  repository: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What a registry answers; a HEAD leaves the body out and keeps its length. */
export interface RegistryAnswer {
  status: number;
  headers?: OutgoingHttpHeaders;
  body?: Buffer | string;
  /** Of a body that is not here, as a simulated layer's. */
  size_bytes?: number;
}

export const NOT_FOUND: RegistryAnswer = plain(404, "404 page not found\n");
export const NOT_ALLOWED: RegistryAnswer = plain(405, "Method not allowed\n");

function plain(status: number, body: string): RegistryAnswer {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body };
}

export function json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): RegistryAnswer {
  const type = { "Content-Type": "application/json; charset=utf-8" };
  return { status, headers: { ...type, ...headers }, body: `${JSON.stringify(value)}\n` };
}

const MESSAGES = {
  BLOB_UNKNOWN: "blob unknown to registry",
  BLOB_UPLOAD_UNKNOWN: "blob upload unknown to registry",
  DIGEST_INVALID: "provided digest did not match uploaded content",
  MANIFEST_BLOB_UNKNOWN: "blob unknown to registry",
  MANIFEST_INVALID: "manifest invalid",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "repository name not known to registry",
  PAGINATION_NUMBER_INVALID: "invalid number of results requested",
} as const;

/** One error for each detail, in a registry's form. */
export function refusal(status: number, code: keyof typeof MESSAGES, details: unknown[] = [{}]): RegistryAnswer {
  return json(status, { errors: details.map((detail) => ({ code, message: MESSAGES[code], detail })) });
}

export function send(response: ServerResponse, method: string, answer: RegistryAnswer): void {
  const body = Buffer.from(answer.body ?? "");
  response.writeHead(answer.status, {
    "Docker-Distribution-Api-Version": "registry/2.0",
    ...(answer.status === 204 ? {} : { "Content-Length": answer.size_bytes ?? body.length }),
    ...answer.headers,
  });
  response.end(method === "HEAD" ? undefined : body);
}
