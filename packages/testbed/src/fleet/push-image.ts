import { MANIFEST_TYPE, type Blob, type TestImage } from "./test-image.ts";

export interface PushTarget {
  /** `HOST:PORT`, over plain HTTP. */
  registry: string;
  repository: string;
  /** A registry that is not open wants one. */
  token?: string;
}

/** Pushes an image to a registry at `HOST:PORT`, which needs no engine for it. One that is not open wants a token. */
export async function pushImage(registry: string, image: TestImage, token?: string): Promise<void> {
  const [repository = "", tag = ""] = image.reference.split(":");
  const target = { registry, repository, ...(token !== undefined && { token }) };
  await pushBlobs(target, [...image.layers, image.config]);
  await putManifest(target, tag, MANIFEST_TYPE, image.manifest.content);
}

export async function pushBlobs(target: PushTarget, blobs: readonly Blob[]): Promise<void> {
  for (const blob of blobs) {
    const upload = await send(target, "POST", "blobs/uploads/");
    const location = new URL(upload.headers.get("location") ?? "", upload.url);
    location.searchParams.set("digest", blob.digest);
    await send(target, "PUT", location, { type: "application/octet-stream", content: blob.content });
  }
}

/** `reference` is a tag, or the manifest's own digest. */
export async function putManifest(
  target: PushTarget,
  reference: string,
  type: string,
  content: Uint8Array,
): Promise<void> {
  await send(target, "PUT", `manifests/${reference}`, { type, content });
}

async function send(
  { registry, repository, token }: PushTarget,
  method: string,
  where: string | URL,
  body?: { type: string; content: Uint8Array },
): Promise<Response> {
  const url = new URL(where, `http://${registry}/v2/${repository}/`);
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { "content-type": body.type }),
    },
    body: body ? new Uint8Array(body.content) : null,
  });
  if (response.ok) return response;
  throw new Error(`${method} ${url.href} answered ${response.status}: ${await response.text()}`);
}
