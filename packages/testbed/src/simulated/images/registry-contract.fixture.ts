import { digestOf } from "../hex-id.ts";
import { MANIFEST_TYPE } from "./image-manifest.ts";

/** One request of the story, and what came back of it that a client of a registry goes by. */
export interface ToldAnswer {
  request: string;
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

const TOLD_HEADERS = [
  "content-type",
  "content-length",
  "docker-content-digest",
  "docker-distribution-api-version",
  "etag",
  "link",
  "location",
  "range",
];
const ACCEPT = { accept: MANIFEST_TYPE };

const CONFIG = JSON.stringify({ architecture: "amd64", os: "linux", config: { Cmd: ["true"] }, rootfs: {} });
const LAYER = "no archive, but a registry does not look";
const NOBODYS = digestOf("nobody has this");

export const manifestOf = (layers: string[]): string => {
  const describe = (mediaType: string, content: string) => ({
    mediaType,
    size: Buffer.byteLength(content),
    digest: digestOf(content),
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: describe("application/vnd.docker.container.image.v1+json", CONFIG),
    layers: layers.map((layer) => describe("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)),
  });
};

/** Plays all that Berth asks of a registry, well and badly, against an empty one. */
export async function tellRegistryStory(address: string): Promise<ToldAnswer[]> {
  const told: ToldAnswer[] = [];
  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(new URL(path, `http://${address}/v2/`), { method, ...init });
    told.push(await tell(address, `${method} ${path}`, response));
    return response;
  };
  const upload = async (repository: string, content: string, digest = digestOf(content)): Promise<void> => {
    const begun = await call("POST", `${repository}/blobs/uploads/`);
    await call("PUT", `${begun.headers.get("location")}&digest=${digest}`, { body: content, headers: OCTETS });
  };
  const put = (reference: string, body: string): Promise<Response> =>
    call("PUT", reference, { body, headers: { "content-type": MANIFEST_TYPE } });
  const one = manifestOf([LAYER]);
  const another = manifestOf([]);

  await call("GET", "");
  await call("GET", "_catalog");
  await call("GET", "alice/work/tags/list");
  for (const method of ["GET", "HEAD"]) {
    await call(method, "alice/work/manifests/1", { headers: ACCEPT });
    await call(method, `alice/work/manifests/${NOBODYS}`, { headers: ACCEPT });
    await call(method, `alice/work/blobs/${NOBODYS}`);
  }
  for (const content of [CONFIG, LAYER]) await upload("alice/work", content);
  await upload("alice/work", "what was damaged on its way", NOBODYS);
  const begun = await call("POST", "alice/work/blobs/uploads/");
  const patched = await call("PATCH", begun.headers.get("location")!, { body: "piece", headers: OCTETS });
  await call("GET", patched.headers.get("location")!);
  await call("PUT", `${patched.headers.get("location")}&digest=${digestOf("piece")}`);
  const dropped = await call("POST", "alice/work/blobs/uploads/");
  await call("DELETE", dropped.headers.get("location")!);
  await call("GET", dropped.headers.get("location")!);
  for (const method of ["GET", "HEAD"]) await call(method, `alice/work/blobs/${digestOf(CONFIG)}`);

  await put("alice/work/manifests/1", one);
  await put("alice/work/manifests/2", one);
  await put("alice/work/manifests/other", another);
  await put("alice/work/manifests/3", manifestOf(["nobody has this layer"]));
  await put("alice/work/manifests/4", "{");
  await put(`alice/work/manifests/${NOBODYS}`, one);
  await put(`alice/work/manifests/${digestOf(one)}`, one);
  await put("alice/work/manifests/bad!tag", one);
  for (const method of ["GET", "HEAD"]) {
    await call(method, "alice/work/manifests/1", { headers: ACCEPT });
    await call(method, `alice/work/manifests/${digestOf(one)}`, { headers: ACCEPT });
  }
  await call("GET", "alice/work/tags/list");

  await put("public/work/manifests/1", one); // its blobs are not there yet
  await call("POST", `public/work/blobs/uploads/?mount=${NOBODYS}&from=alice/work`);
  for (const content of [CONFIG, LAYER]) {
    await call("POST", `public/work/blobs/uploads/?mount=${digestOf(content)}&from=alice/work`);
  }
  await put("public/work/manifests/1", one);
  await call("GET", "public/work/tags/list");
  for (const query of ["", "?n=1", "?n=1&last=alice/work", "?n=5000"]) await call("GET", `_catalog${query}`);

  await call("DELETE", "alice/work/manifests/1");
  await call("DELETE", `alice/work/manifests/${NOBODYS}`);
  await call("DELETE", `alice/work/manifests/${digestOf(one)}`);
  await call("DELETE", `alice/work/manifests/${digestOf(one)}`);
  for (const tag of ["1", "2", "other"]) await call("HEAD", `alice/work/manifests/${tag}`, { headers: ACCEPT });
  await call("HEAD", "public/work/manifests/1", { headers: ACCEPT });
  await call("GET", "alice/work/tags/list");
  await put("alice/work/manifests/other", one); // a tag moves
  await call("DELETE", `alice/work/manifests/${digestOf(another)}`);
  await call("GET", "alice/work/tags/list");
  await call("DELETE", `alice/work/manifests/${digestOf(one)}`);
  await call("GET", "alice/work/tags/list");
  await call("GET", "_catalog");
  await call("HEAD", `alice/work/blobs/${digestOf(LAYER)}`);
  await call("DELETE", `alice/work/blobs/${digestOf(LAYER)}`);
  await call("HEAD", `alice/work/blobs/${digestOf(LAYER)}`);
  await call("DELETE", `alice/work/blobs/${NOBODYS}`);
  for (const path of ["alice/Work/manifests/1", "nothing", "alice/work/blobs/sha256:short"]) await call("GET", path);
  await call("POST", "alice/work/manifests/1");
  return told;
}

/** What a registry refuses while it is read-only, and what it does not. */
export async function tellReadOnlyStory(address: string): Promise<ToldAnswer[]> {
  const told: ToldAnswer[] = [];
  for (const [method, path] of [
    ["POST", "public/work/blobs/uploads/"],
    ["PUT", "public/work/manifests/2"],
    ["DELETE", `public/work/manifests/${NOBODYS}`],
    ["GET", "public/work/tags/list"],
    ["HEAD", `public/work/blobs/${digestOf(CONFIG)}`],
  ] as const) {
    const response = await fetch(`http://${address}/v2/${path}`, { method });
    told.push(await tell(address, `${method} ${path}`, response));
  }
  return told;
}

const OCTETS = { "content-type": "application/octet-stream" };

async function tell(address: string, request: string, response: Response): Promise<ToldAnswer> {
  const isHead = request.startsWith("HEAD");
  const told = TOLD_HEADERS.flatMap((name) => {
    // A client never reads how long an error's explanation is.
    if (name === "content-length" && !response.ok) return [];
    const value = response.headers.get(name);
    return value === null ? [] : [[name, anonymous(address, value)] as const];
  });
  const text = await response.text();
  return {
    request: anonymous(address, request),
    status: response.status,
    headers: Object.fromEntries(told),
    body: isHead || text === "" ? null : readBody(response, text),
  };
}

/** Of an error its codes, of anything else all; what stands in no order is put into one. */
function readBody(response: Response, text: string): unknown {
  if (!response.headers.get("content-type")?.includes("application/json")) return text;
  const body = JSON.parse(text) as { errors?: { code: string }[]; tags?: string[] | null };
  if (body.errors) return body.errors.map((error) => error.code);
  return body.tags ? { ...body, tags: body.tags.toSorted() } : body;
}

function anonymous(address: string, text: string): string {
  return text
    .replaceAll(address, "REGISTRY")
    .replace(/uploads\/[\w-]{36}/g, "uploads/UUID")
    .replace(/_state=[^& ]+/g, "_state=STATE");
}
