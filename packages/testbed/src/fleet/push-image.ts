import { MANIFEST_TYPE, type Blob, type TestImage } from "./test-image.ts";

/** Pushes an image to a registry at `HOST:PORT`, which needs no engine for it. One that is not open wants a token. */
export async function pushImage(registryAddress: string, image: TestImage, token?: string): Promise<void> {
  const [repository, tag] = image.reference.split(":");
  const base = `http://${registryAddress}/v2/${repository}`;
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  for (const blob of [...image.layers, image.config]) await uploadBlob(base, blob, authorization);
  const headers = { ...authorization, "content-type": MANIFEST_TYPE };
  await send(`${base}/manifests/${tag}`, { method: "PUT", headers, body: new Uint8Array(image.manifest.content) });
}

async function uploadBlob(base: string, blob: Blob, authorization: Record<string, string>): Promise<void> {
  const upload = await send(`${base}/blobs/uploads/`, { method: "POST", headers: authorization });
  const location = new URL(upload.headers.get("location") ?? "", base);
  location.searchParams.set("digest", blob.digest);
  const headers = { ...authorization, "content-type": "application/octet-stream" };
  await send(location, { method: "PUT", headers, body: new Uint8Array(blob.content) });
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok) return response;
  throw new Error(`${init.method} ${String(url)} answered ${response.status}: ${await response.text()}`);
}
