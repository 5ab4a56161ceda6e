import type { Readable } from "node:stream";
import Docker from "dockerode";

/** What dockerode hands to its modem for one request; the part of it that Berth's calls use. */
interface DialOptions {
  /** Ends in "?" where `options` belong into the query. */
  path: string;
  method?: string;
  options?: Record<string, unknown> & { _query?: Record<string, unknown>; _body?: unknown };
  authconfig?: Record<string, unknown>;
  registryconfig?: Record<string, unknown>;
  /** A tar as the body: what is built from, or unpacked into a container. */
  file?: Readable | Buffer;
  allowEmpty?: boolean;
}

/** A request as dockerode describes it, without API version. */
export interface DescribedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | Readable | null;
}

/**
 * Parameters of a dockerode method with query and body apart (dockerode-modem's own names; its types lack them). Without
 * it a POST carries the same parameters in both, so that a container's whole body would stand in the URL.
 */
export type Apart<Options> = Options & { _query: object; _body: object };

/**
 * dockerode over our own transport. It knows Docker's endpoints and their parameters; its modem, whose promises can
 * stay pending for ever and which follows redirects, reads DOCKER_HOST and rejects 304, is replaced by `send`.
 * `send` answers an object, also for an empty body: dockerode reads fields of it.
 */
export function dockerodeOver(send: (request: DescribedRequest) => Promise<object>): Docker {
  const modem = {
    dial(options: DialOptions, callback: (error: unknown, answer?: object) => void): void {
      send(describe(options)).then((answer) => callback(null, answer), callback);
    },
  };
  const options: Docker.DockerOptions & { modem: typeof modem } = { modem };
  return new Docker(options);
}

function describe({ path, method = "GET", options = {}, ...rest }: DialOptions): DescribedRequest {
  const { authconfig, registryconfig, file, allowEmpty } = rest;
  const { _query: query, _body: body, authconfig: _, ...both } = options; // credentials must not get into the URL
  const headers: Record<string, string> = { accept: "application/json" };
  if (authconfig) headers["x-registry-auth"] = credentials(authconfig);
  if (registryconfig) headers["x-registry-config"] = credentials(registryconfig);
  if (file) {
    headers["content-type"] = "application/x-tar";
    return { method, path: withQuery(path, query ?? both), headers, body: file };
  }

  const json = method === "POST" ? JSON.stringify(body ?? both) : "{}";
  const hasBody = json !== "{}" || allowEmpty === true;
  if (hasBody) headers["content-type"] = "application/json";
  return { method, path: withQuery(path, query ?? both), headers, body: hasBody ? Buffer.from(json) : null };
}

/** Docker wants the padding that base64url leaves out: without it these headers are ignored, and nobody says so. */
function credentials(config: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(config)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

function withQuery(path: string, options: Record<string, unknown>): string {
  if (!path.endsWith("?")) return path;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) parameters.append(name, typeof one === "object" ? JSON.stringify(one) : String(one));
    }
  }
  const query = parameters.toString();
  return query === "" ? path.slice(0, -1) : path + query;
}
