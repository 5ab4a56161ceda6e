import type { RegistryAccess } from "./access.ts";
import { notRegistry, orNull } from "./failures.ts";
import { digestOf, MANIFEST_TYPES, type ParsedImage, type ParsedIndex, parseManifest } from "./manifest.ts";
import { RegistryError, type ManifestHead } from "./registry.ts";
import type { Exchange } from "./registry-link.ts";

/** Distribution takes no larger one. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MANY_CHILDREN = 100;

export interface FetchedManifest {
  digest: string;
  media_type: string;
  bytes: Buffer;
  parsed: ParsedImage | ParsedIndex;
}

export const pullFrom = (repository: string): RegistryAccess => ({
  type: "repository",
  name: repository,
  actions: ["pull"],
});

export async function headManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<ManifestHead | null> {
  const path = `/v2/${repository}/manifests/${reference}`;
  const headers = { accept: MANIFEST_TYPES };
  const answer = await orNull(exchange.send({ method: "HEAD", path, headers, access: [pullFrom(repository)] }));
  if (!answer) return null;
  const { "docker-content-digest": digest, "content-length": length } = answer.headers;
  if (typeof digest !== "string" || !/^sha256:[a-f0-9]{64}$/.test(digest)) throw notRegistry("no digest of a manifest");
  return { digest, media_type: mediaTypeOf(answer.headers), size_bytes: Number(length ?? 0) };
}

/** By digest, and it has that digest; null where it is gone. */
export async function fetchManifest(
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<FetchedManifest | null> {
  const path = `/v2/${repository}/manifests/${digest}`;
  const headers = { accept: MANIFEST_TYPES };
  const request = { method: "GET", path, headers, access: [pullFrom(repository)] } as const;
  const answer = await orNull(exchange.send(request, MAX_MANIFEST_BYTES));
  if (!answer) return null;
  if (digestOf(answer.body) !== digest) throw notRegistry(`${digest} has another content`);
  const media_type = mediaTypeOf(answer.headers);
  return { digest, media_type, bytes: answer.body, parsed: parseManifest(media_type, answer.body) };
}

/** The images of an index, which are all there unless it is kept in part. */
export async function fetchChildren(
  exchange: Exchange,
  repository: string,
  digests: readonly string[],
): Promise<FetchedManifest[]> {
  if (digests.length > MANY_CHILDREN) throw new RegistryError("protocol", `It is ${digests.length} images in one.`);
  const found = await Promise.all(digests.map((digest) => fetchManifest(exchange, repository, digest)));
  return found.filter((child) => child !== null);
}

function mediaTypeOf({ "content-type": type = "" }: { "content-type"?: string | undefined }): string {
  return type.split(";", 1)[0]!.trim();
}
