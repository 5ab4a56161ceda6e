import type { RegistryAccess } from "./access.ts";
import { notRegistry } from "./failures.ts";
import type { BlobDescriptor } from "./manifest.ts";
import { pullFrom } from "./read-manifest.ts";
import type { Exchange, RegistryAnswer, RegistryRequest } from "./registry-link.ts";

export const pushTo = (repository: string): RegistryAccess => ({
  type: "repository",
  name: repository,
  actions: ["pull", "push"],
});

/** Gives a repository a blob of another: by name alone where the registry agrees, else by copying its bytes. */
export async function mountBlob(exchange: Exchange, from: string, to: string, blob: BlobDescriptor): Promise<void> {
  const access = [pushTo(to), pullFrom(from)];
  const query = new URLSearchParams({ mount: blob.digest, from });
  const answer = await exchange.send({ method: "POST", path: `/v2/${to}/blobs/uploads/?${query.toString()}`, access });
  const upload = uploadPath(answer);
  if (upload === null) return; // it was mounted, and there is nothing to upload to
  const path = `/v2/${from}/blobs/${blob.digest}`;
  const source = await exchange.open({ method: "GET", path, access: [pullFrom(from)] });
  const length = Number(source.headers["content-length"] ?? blob.size);
  await finish(exchange, to, upload, blob.digest, { stream: source as AsyncIterable<Buffer>, length });
}

export async function uploadBlob(exchange: Exchange, repository: string, digest: string, bytes: Buffer): Promise<void> {
  const path = `/v2/${repository}/blobs/uploads/`;
  const answer = await exchange.send({ method: "POST", path, access: [pushTo(repository)] });
  const upload = uploadPath(answer);
  if (upload === null) throw notRegistry("it began no upload");
  await finish(exchange, repository, upload, digest, bytes);
}

/** The registry compares the bytes with the digest. */
async function finish(
  exchange: Exchange,
  repository: string,
  upload: URL,
  digest: string,
  body: NonNullable<RegistryRequest["body"]>,
): Promise<void> {
  upload.searchParams.set("digest", digest);
  await exchange.send({
    method: "PUT",
    path: `${upload.pathname}${upload.search}`,
    access: [pushTo(repository)],
    headers: { "content-type": "application/octet-stream" },
    body,
  });
}

/** Where an upload that was begun goes on; null where the blob is there already. Only its path: the rest is as before. */
function uploadPath({ headers }: RegistryAnswer): URL | null {
  const url = new URL(headers.location ?? "", "http://registry");
  if (!url.pathname.startsWith("/v2/")) throw notRegistry("an upload that goes on elsewhere");
  return url.pathname.includes("/blobs/uploads/") ? url : null;
}
