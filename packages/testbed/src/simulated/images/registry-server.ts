import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  json,
  NOT_ALLOWED,
  NOT_FOUND,
  type RegistryAnswer,
  type RegistryCall,
  refusal,
  send,
} from "./registry-call.ts";
import { answerManifest, DIGEST } from "./registry-manifests.ts";
import { answerUpload, beginUpload } from "./registry-uploads.ts";
import type { SimulatedRegistry } from "./simulated-registry.ts";

const LARGEST_BODY_BYTES = 64 * 1024 * 1024;
const LARGEST_PAGE = 1_000;
const NAME = "[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*";

export interface RegistryServer {
  /** `127.0.0.1:PORT`: the start of an image's full name. */
  address: string;
  close(): Promise<void>;
}

/**
 * Serves what simulated engines pushed as distribution 2.8 does, open to all: manifests of images, blobs (of layers
 * only that they are there), uploads, tags, the catalog. Listens on `port` of 127.0.0.1, on another where that is taken.
 */
export async function serveRegistry(registry: SimulatedRegistry, port = 0): Promise<RegistryServer> {
  const uploads: RegistryCall["uploads"] = new Map();
  const server = createServer((request, response) => {
    answer(registry, uploads, request).then(
      (given) => send(response, request.method ?? "", given),
      () => response.destroy(), // the client went away in the middle of its body, or sends too much
    );
  });
  const address = `127.0.0.1:${await listen(server, port)}`;
  registry.address = address;
  return {
    address,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function answer(
  registry: SimulatedRegistry,
  uploads: RegistryCall["uploads"],
  request: IncomingMessage,
): Promise<RegistryAnswer> {
  const url = URL.parse(request.url ?? "/", "http://registry");
  const method = request.method ?? "";
  const body = await readBody(request);
  if (!url) return NOT_FOUND;
  const call = (name: string): RegistryCall => ({
    registry,
    uploads,
    method,
    name,
    repository: `${registry.address}/${name}`,
    query: url.searchParams,
    headers: request.headers,
    body,
  });
  for (const { pattern, take } of ROUTES) {
    const [match, name = "", rest = ""] = pattern.exec(url.pathname) ?? [];
    if (match === undefined) continue;
    if (registry.isReadOnly && method !== "GET" && method !== "HEAD") return NOT_ALLOWED;
    return take(call(name), rest);
  }
  return NOT_FOUND;
}

const route = (path: string, take: (call: RegistryCall, rest: string) => RegistryAnswer) => ({
  pattern: new RegExp(`^/v2/${path.replace("NAME", `(${NAME})`)}$`),
  take,
});
const ROUTES = [
  route(
    "",
    reads(() => ({ ...json(200, {}), body: "{}" })),
  ),
  route("_catalog", reads(listRepositories)),
  route("NAME/tags/list", reads(listTags)),
  route("NAME/manifests/([\\w][\\w.-]{0,127}|sha256:[a-f0-9]{64})", answerManifest),
  route("NAME/blobs/uploads/", (call) => (call.method === "POST" ? beginUpload(call) : NOT_ALLOWED)),
  route("NAME/blobs/uploads/([\\w-]+)", answerUpload),
  route("NAME/blobs/(sha256:\\w+)", answerBlob),
];

function reads(take: (call: RegistryCall) => RegistryAnswer): (call: RegistryCall) => RegistryAnswer {
  return (call) => (call.method === "GET" ? take(call) : NOT_ALLOWED);
}

function listTags({ registry, repository, name }: RegistryCall): RegistryAnswer {
  const isKnown = registry.blobs.repositories().includes(repository);
  if (!isKnown) return refusal(404, "NAME_UNKNOWN", [{ name }]);
  const tags = registry.tagsOf(repository);
  return json(200, { name, tags: tags.length > 0 ? tags : null });
}

function listRepositories({ registry, query }: RegistryCall): RegistryAnswer {
  const asked = query.get("n");
  const limit = asked === null ? 100 : Number(asked);
  if (!(limit >= 0 && limit <= LARGEST_PAGE)) return refusal(400, "PAGINATION_NUMBER_INVALID", [{ n: limit }]);
  const start = `${registry.address}/`;
  const names = registry.blobs
    .repositories()
    .flatMap((repository) => (repository.startsWith(start) ? repository.slice(start.length) : []))
    .toSorted()
    .filter((name) => name > (query.get("last") ?? ""));
  const page = names.slice(0, limit);
  const next = `</v2/_catalog?last=${encodeURIComponent(page.at(-1) ?? "")}&n=${limit}>; rel="next"`;
  return json(200, { repositories: page }, names.length > page.length ? { Link: next } : {});
}

function answerBlob({ registry, repository, method }: RegistryCall, digest: string): RegistryAnswer {
  if (!DIGEST.test(digest)) return refusal(400, "DIGEST_INVALID");
  const sizeBytes = registry.blobs.sizeOf(repository, digest);
  if (method === "DELETE") {
    return registry.blobs.unlink(repository, digest) ? { status: 202 } : refusal(404, "BLOB_UNKNOWN");
  }
  if (method !== "GET" && method !== "HEAD") return NOT_ALLOWED;
  const content = registry.blobs.read(digest);
  if (sizeBytes === null || (method === "GET" && !content)) return refusal(404, "BLOB_UNKNOWN", [digest]);
  return {
    status: 200,
    headers: { "Content-Type": "application/octet-stream", "Docker-Content-Digest": digest, Etag: `"${digest}"` },
    size_bytes: sizeBytes,
    ...(content && { body: content }),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    sizeBytes += bytes.length;
    if (sizeBytes > LARGEST_BODY_BYTES) throw new Error("the body is too large");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || port === 0) throw error;
    return listen(server, 0);
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("listening on TCP gave no port");
  return address.port;
}
